"""What the services write: how much, how bad, and the lines themselves."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.models.dashboard import VariableOption

from grafana.frame import Builder, Page, Row, alerts_of_service, log_service_variable, slow_variable
from grafana.lines import log_graph, log_lines, log_table, readable
from grafana.panels import Query
from grafana.places import Uid
from grafana.promises import Promises

_OURS: Final = '{service=~"$service"}'
# A request that a service answered has a line of nginx as well.
_ONCE: Final = {"program": "logger", "upstream": "upstream_status"}
_NOT_TWICE: Final = ' | program !~ "$twice" or upstream = ""'
_ERRORS: Final = '{service=~"$service", level=~"error|critical"}'


def _volume() -> list[Builder]:
    errors = f"(sum(count_over_time({_ERRORS}[$__auto])) or vector(0))"
    return [
        log_graph(
            "Lines by level",
            "Is there more than usual, and is it worse? Lines by level; `unknown` has none.",
            Query(f"sum by (level) (count_over_time({_OURS}[$__auto]))", "{{level}}"),
            unit="none",
        ),
        log_graph(
            "Lines by service",
            "Who writes most? Lines of all services, whichever is chosen above.",
            Query('sum by (service) (count_over_time({service=~".+"}[$__auto]))', "{{service}}"),
            unit="none",
        ),
        log_graph(
            "Error share",
            "What share of the lines are errors? 0 on a healthy service.",
            Query(f"{errors} / sum(count_over_time({_OURS}[$__auto]))", "errors"),
            unit="percentunit",
        ),
    ]


def _worst() -> list[Builder]:
    exceptions = (
        f'{_ERRORS} | json kind="exception_type", text="exception_message" | kind != ""'
        " | keep kind, text, service"
    )
    errors = f'{_ERRORS} | json text="message" | text != "" | keep text, service'
    return [
        log_table(
            "Top exceptions",
            "Which exceptions are most frequent? Counted over the whole time range. Empty while"
            " none is raised.",
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
            "Which errors are most frequent? Counted over the whole time range. Empty while "
            "there are none.",
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
            ' | method != "WEBSOCKET" | program != "nginx.access"'
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
