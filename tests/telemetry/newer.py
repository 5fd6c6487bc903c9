"""Tests of what the oldest releases of others do not have: `make test-matrix` skips them there."""

# The beginning of a test's name, and why it is not for those releases.
NEWER = {
    "test_middleware_with_a_mount_of_its_own": "Starlette 0.37: a scope does not name its Route",
    "test_static_frontend_is_a_route": "FastAPI 0.110 has no app.frontend",
    "test_full_stack_template_is_measured": "FastAPI 0.110 has no app.frontend",
    "test_routes_added_late_and_swapped": "FastAPI 0.110 copies routes when a router is included",
    "test_root_path_ends_with_its_segment": "Starlette 0.37 takes /api for a prefix of /apiary",
    "test_file_that_the_server_sends_itself": "Starlette 0.37 has no http.response.pathsend",
    "test_stream_that_breaks_behind_middlewares": "Starlette 0.37 raises groups of exceptions",
    "test_failing_background_task_is_logged_once_with_the_ids[True": "Starlette 0.37 hides it",
    "test_newest_prometheus_client_that_is_allowed": "this is the oldest one",
    "test_fastapi_s_own": "FastAPI 0.110 makes no spans",
    "test_every_end_is_counted_with_its_endpoint[True-refuse_by_answer": "no such answer in 0.37",
    "test_every_end_is_counted_with_its_endpoint[False-refuse_by_answer": "no such answer in 0.37",
    "test_clients_spans_are_asked_for_by_a_name": "contrib 0.48b0 looks by itself",
    "test_a_call_in_a_": "contrib 0.48b0 looks by itself",
    "test_the_address_of_an_outgoing_request": "contrib 0.48b0 looks by itself",
    "test_server_span_of_the_contrib_instrumentation": "contrib 0.48b0 has other hooks",
    "test_only_what_we_have_sampled_passes": "contrib 0.48b0 has no exclude_spans",
    "test_span_has_the_contrib_instrumentation_s_name": "contrib 0.48b0 has no exclude_spans",
    "test_a_span_across_a_step_takes_as_long_as_it_took": "SDK 1.27 says of no span that it ends",
}
