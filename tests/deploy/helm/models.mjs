// Prints what prometheus-operator's models say against the resources on stdin: a list of texts as JSON.
import * as alpha from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1";
import * as stable from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const complaints = [];
for (const resource of JSON.parse(Buffer.concat(chunks).toString())) {
  const models = resource.apiVersion.endsWith("v1alpha1") ? alpha : stable;
  try {
    new models[resource.kind](resource).validate();
  } catch (error) {
    complaints.push(`${resource.kind} ${resource.metadata?.name}: ${error.message}`);
  }
}
console.log(JSON.stringify(complaints));
