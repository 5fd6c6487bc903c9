"""What the services write: how much, how bad, and the lines themselves."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, VariableOption

from grafana.frame import Builder, Page, Row, alerts_of_service, log_service_variable, slow_variable
from grafana.lines import NO_ERROR, log_graph, log_lines, log_table, readable
from grafana.panels import RED, YELLOW, Query, setting
from grafana.places import Uid
from grafana.promises import Promises

_OURS: Final = '{service=~"$service"}'
# A request that a service answered has a line of nginx as well.
_ONCE: Final = {"program": "logger", "upstream": "upstream_status"}
_NOT_TWICE: Final = ' | program !~ "$twice" or upstream = ""'
# Texts that differ by ids alone are one: Loki refuses a query of more than 500 series. A number of
# three digits at the end stays, for it is a status.
_ALIKE: Final = (
    'label_format text=`{{regexReplaceAll "[0-9a-f-]{8,}|[0-9]{4,}|[0-9]+([^0-9])" .text "N$1"}}`'
)
_ERRORS: Final = f'{{service=~"$service", level=~"error|critical"}} {NO_ERROR}'
# Services and the stack's parts name it differently.
_TEXT: Final = (
    'json message="message", msg="msg"'
    " | label_format text=`{{if .message}}{{.message}}{{else}}{{.msg}}{{end}}`"
)


def _fixed(colour: str) -> DynamicConfigValue:
    return setting("color", {"mode": "fixed", "fixedColor": colour})


def _volume() -> list[Builder]:
    errors = f"(sum(count_over_time({_ERRORS}[$__interval])) or vector(0))"
    return [
        log_graph(
            "Lines by level",
            "Is there more than usual, and is it worse? Lines by level: in each step of "
            "the graph, and below it in the time range; `unknown` has no level.",
            Query(f"sum by (level) (count_over_time({_OURS}[$__interval]))", "{{level}}"),
            unit="none",
        )
        .override_by_name("warning", [_fixed(YELLOW)])
        .override_by_name("error", [_fixed(RED)])
        .override_by_name("critical", [_fixed(RED)])
        .override_by_name("info", [_fixed("blue")])
        .override_by_name("debug", [_fixed("super-light-blue")])
        .override_by_name("unknown", [_fixed("purple")]),
        log_graph(
            "Lines by service",
            "Who writes most? Lines of all services, whichever is chosen above.",
            Query(
                'sum by (service) (count_over_time({service=~".+"}[$__interval]))', "{{service}}"
            ),
            unit="none",
        ),
        log_graph(
            "Error share",
            "What share of the lines are errors? 0 on a healthy service.",
            Query(f"{errors} / sum(count_over_time({_OURS}[$__interval]))", "errors"),
            unit="percentunit",
        ),
    ]


def _worst() -> list[Builder]:
    exceptions = (
        f'{_ERRORS} | json kind="exception_type", text="exception_message" | kind != ""'
        f" | {_ALIKE} | keep kind, text, service"
    )
    errors = f'{_ERRORS} | {_TEXT} | text != "" | {_ALIKE} | keep text, service'
    return [
        log_table(
            "Top exceptions",
            "Which exceptions are most frequent? Over the whole time range, ids in what they"
            " say taken as alike. Empty while none is raised.",
            Query(
                f"topk(10, sum by (service, kind, text) (count_over_time({exceptions}[$__range])))"
            ),
            {
                "service": "Service",
                "kind": "Exception",
                "text": "What it says",
                "Value #A": "Lines",
            },
            empty="no exception in this time range",
        ).span(12),
        log_table(
            "Top error messages",
            "Which errors are most frequent? Over the whole time range, ids in them taken as "
            "alike. Empty while there are none.",
            Query(f"topk(10, sum by (service, text) (count_over_time({errors}[$__range])))"),
            {"service": "Service", "text": "Message", "Value #A": "Lines"},
            empty="no error in this time range",
        ).span(12),
        log_lines(
            "Slow requests",
            "Which requests were slow? Those above the threshold of the latency objective. Each"
            " links to its trace. Empty while all are fast.",
            f'{_OURS} | json seconds="process_time", method="method", status="status_code",'
            ' program="logger"'
            # A numeric filter keeps lines without the number, which are those of other programs.
            ' | seconds != "" | seconds > ${slow} | route=~"$route"'
            ' | route !~ "/metrics|/health/.*"'
            ' | method != "WEBSOCKET" | status != "101" | program !~ "(nginx|door).access"'
            " | line_format `{{.seconds}} s  {{.status}}  {{.method}} {{.route}}`",
            empty="no request was slow in this time range",
        ),
    ]


def _lines() -> list[Builder]:
    return [
        log_lines(
            "Lines",
            "What happened, line by line? Enter a request id or trace id above to see one "
            "request in all services. Each line links to its trace. nginx' lines of requests that "
            "a service answered are left out, unless they are asked for above.",
            readable(
                f'{_OURS} | route=~"$route" | request_id=~"$request_id.*"'
                ' | trace_id=~"$trace_id.*" |~ `(?i)$search`',
                _ONCE,
                _NOT_TWICE,
            ),
            empty="no such line in this time range",
        ).height(16)
    ]


def _box(name: str, label: str) -> Builder:
    return dashboard_builders.TextBoxVariable(name).label(label).default_value("")


def _twice() -> Builder:
    choices = {"services": "^nginx.access$", "services and nginx": "^$"}
    options = [
        VariableOption(selected=number == 0, text=text, value=value)
        for number, (text, value) in enumerate(choices.items())
    ]
    return (
        dashboard_builders.CustomVariable("twice")
        .label("Requests by")
        .values(", ".join(f"{text} : {value}" for text, value in choices.items()))
        .options(options)
        .current(options[0])
    )


def _route_box() -> Builder:
    # A text box, not a list: routes are not a label in Loki, and nginx or PostgreSQL have none.
    return dashboard_builders.TextBoxVariable("route").label("Route").default_value(".*")


def page(promises: Promises) -> Page:
    """Return the dashboard of log lines, for a team's promises."""
    return Page(
        uid=Uid.LOGS,
        title="Logs",
        description="What the services write: how much, how bad, and the lines themselves.",
        variables=(
            log_service_variable(),
            _route_box(),
            slow_variable(promises.slow_seconds),
            _box("request_id", "Request id"),
            _box("trace_id", "Trace id"),
            _box("search", "Text"),
            _twice(),
        ),
        annotations=(alerts_of_service(),),
        has_logs=True,
        rows=(
            Row("How much, and how bad?", _volume()),
            Row("What is most frequent?", _worst()),
            Row("Lines", _lines()),
        ),
    )
