{{/* Names, labels and what every pod has. */}}

{{- define "burnrate.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of a part: (dict "root" $ "name" "api"). Alloy and ServiceMonitors take the service's name from app.kubernetes.io/name. */}}
{{- define "burnrate.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{- define "burnrate.labels" -}}
{{ include "burnrate.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: burnrate
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "burnrate.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Pod Security Standard "restricted"; the image's user is 10001. */}}
{{- define "burnrate.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "burnrate.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "burnrate.tracing" -}}
{{- with .Values.tracing.endpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
- {name: OTEL_TRACES_SAMPLER, value: parentbased_traceidratio}
- {name: OTEL_TRACES_SAMPLER_ARG, value: {{ $.Values.tracing.samplerRatio | quote }}}
{{- end }}
{{- end -}}

{{/* How many pods of the service there can be at once. */}}
{{- define "burnrate.mostPods" -}}
{{- $most := .Values.service.replicas -}}
{{- if .Values.service.autoscaling.enabled -}}
{{- $most = .Values.service.autoscaling.maxReplicas -}}
{{- end -}}
{{- add $most .Values.service.maxSurge -}}
{{- end -}}

{{/* The connections to PostgreSQL that one pod may have. */}}
{{- define "burnrate.poolMax" -}}
{{- $database := .Values.service.database -}}
{{- $pods := include "burnrate.mostPods" . | int -}}
{{- $pool := div (sub $database.maxConnections $database.reservedConnections) $pods -}}
{{- if lt $pool (int .Values.service.workers) -}}
{{- fail (printf "service.database.maxConnections: %d connections without %d reserved ones leave %d for each of up to %d pods, which is less than one for each of %d workers" (int $database.maxConnections) (int $database.reservedConnections) $pool $pods (int .Values.service.workers)) -}}
{{- end -}}
{{- $pool -}}
{{- end -}}

{{- define "burnrate.inboxUrl" -}}
http://{{ include "burnrate.fullname" . }}-inbox.{{ .Release.Namespace }}.svc:8090
{{- end -}}

{{/* A file of files/exported with this release's values in the place of its own: (dict "root" $ "text" "..."). */}}
{{- define "burnrate.exported" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $inbox := required "links.inbox: the inbox' address, as people reach it, is needed for the links of alerts" $values.links.inbox | trimSuffix "/" -}}
{{- $grafana := required "links.grafana: Grafana's address, as people reach it, is needed for the links of alerts" $values.links.grafana | trimSuffix "/" -}}
{{- .text
  | replace "the-namespace" $root.Release.Namespace
  | replace "the-job" $values.service.job
  | replace "the-alertmanager" $values.rules.alertmanagerJob
  | replace "the-inbox-secret" $values.inbox.existingSecret
  | replace "https://the-inbox-page.invalid" $inbox
  | replace "http://the-inbox.invalid" (include "burnrate.inboxUrl" $root)
  | replace "https://the-grafana.invalid" $grafana -}}
{{- end -}}
