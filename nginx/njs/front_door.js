// What the front door answered, counted. nginx/lua/http.conf does the same in Lua; one test holds for both.

// Seconds. 5: from there on a client that left had waited; 30: the default deadline of a request; 60: nginx' own.
const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const KINDS = {unmatched: 'unmatched', internal: 'internal'};
// nginx' own answers to what met no route: it was not read in full or not understood, or its path ends here.
// 501 and 505 are a transfer coding and a version of HTTP that it does not know: a client's doing, whatever their first digit.
const UNREAD = ['400', '404', '405', '408', '414', '431', '494', '501', '505'];
// What dashboards and rules ask for before it has happened.
const EXPECTED = [
    'service|200|route|good', 'service|500|route|bad', 'service|503|route|bad',
    'proxy|502|route|bad', 'proxy|504|route|bad',
];

function counts() {
    return ngx.shared.front_door;
}

// Seconds that a client waited for the first byte of the answer, after its request was read in full: all that every
// instance before the last took, and the last one until its header came.
function waited(variables, has_header) {
    const times = (variables.upstream_response_time || '').match(/[0-9.]+/g);
    if (!times) {
        return Number(variables.request_time);
    }
    const total = times.reduce((sum, seconds) => sum + Number(seconds), 0);
    const header_time = has_header && variables.upstream_header_time.match(/[0-9.]+$/)[0];
    return has_header ? total - Number(times[times.length - 1]) + Number(header_time) : total;
}

// Of a route, as the service says it: endless for none.
function deadline(variables) {
    const text = variables.upstream_http_x_burnrate_deadline || '';
    if (text === 'none') {
        return Infinity;
    }
    return Number(/^[0-9]+[.]?[0-9]*$/.test(text) ? text : variables.deadline_seconds);
}

function outcome(variables, kind, has_header) {
    const status = variables.status;
    if (kind === 'internal' || (UNREAD.includes(status) && !has_header)) {
        return 'neither';
    }
    if (status.startsWith('5')) {
        return 'bad';
    }
    if (kind === 'unmatched' || status === '429') {
        return 'neither';
    }
    const seconds = waited(variables, has_header);
    if (status === '499') {
        return seconds >= Number(variables.patience_seconds) ? 'bad' : 'neither';
    }
    return seconds > deadline(variables) ? 'bad' : 'good';
}

function labels(variables) {
    // A time per upstream that was tried, `-` where none of its header came; the last one's answer is passed on.
    const has_header = !(variables.upstream_header_time || '-').endsWith('-');
    const said = has_header ? variables.upstream_http_x_request_kind : variables.unanswered_kind;
    const is_unread = !has_header && UNREAD.includes(variables.status);
    const kind = is_unread ? 'unmatched' : KINDS[said] || 'route';
    return [
        has_header ? 'service' : 'proxy', variables.status, kind, outcome(variables, kind, has_header),
    ].join('|');
}

// Returns '', so that no line is written. What fails here must not touch the request.
function count(r) {
    try {
        const series = labels(r.variables);
        const seconds = Number(r.variables.request_time);
        const above = BOUNDS.findIndex((bound) => seconds <= bound);
        const bucket = above < 0 ? BOUNDS.length : above;
        if (counts().incr(`${series}|${bucket}`, 1, 0) === 1) {
            note_start();
        }
        counts().incr(`${series}|sum`, seconds, 0);
    } catch (error) {
        ngx.log(ngx.ERR, `a request is not counted: ${error}`);
    }
    return '';
}

// When counting began: the first time only.
function note_start() {
    counts().add('start', Date.now() / 1000);
}

function collected() {
    const found = {};
    EXPECTED.concat(counts().keys(10000).filter((key) => key !== 'start')).forEach((key) => {
        const parts = key.split('|');
        const names = `answered_by="${parts[0]}",status="${parts[1]}",kind="${parts[2]}",outcome="${parts[3]}"`;
        found[names] = found[names] || {status: parts[1], buckets: BOUNDS.concat(0).map(() => 0), sum: 0};
        if (parts[4] === 'sum') {
            found[names].sum = counts().get(key);
        } else if (parts[4]) {
            found[names].buckets[parts[4]] = counts().get(key);
        }
    });
    return found;
}

function exposition() {
    const totals = [], durations = [];
    const found = collected();
    Object.keys(found).sort().forEach((names) => {
        let total = 0;
        const lines = found[names].buckets.map((requests, index) => {
            total += requests;
            const bound = index < BOUNDS.length ? BOUNDS[index].toFixed(2).replace(/0$/, '') : '+Inf';
            return `front_door_request_duration_seconds_bucket{${names},le="${bound}"} ${total}`;
        });
        totals.push(`front_door_requests_total{${names}} ${total}`);
        // A WebSocket is no request that takes long.
        if (found[names].status !== '101') {
            durations.push.apply(durations, lines);
            durations.push(`front_door_request_duration_seconds_sum{${names}} ${found[names].sum}`);
            durations.push(`front_door_request_duration_seconds_count{${names}} ${total}`);
        }
    });
    return [
        '# HELP front_door_requests_total Requests that nginx has finished, by who answered.',
        '# TYPE front_door_requests_total counter',
    ].concat(totals, [
        '# HELP front_door_request_duration_seconds From the first byte of a request to the last of its answer.',
        '# TYPE front_door_request_duration_seconds histogram',
    ], durations, [
        '# HELP process_start_time_seconds When nginx began to count.',
        '# TYPE process_start_time_seconds gauge',
        `process_start_time_seconds ${counts().get('start')}`,
        '',
    ]).join('\n');
}

function expose(r) {
    note_start();
    r.headersOut['Content-Type'] = 'text/plain; version=0.0.4; charset=utf-8';
    r.return(200, exposition());
}

export default {count, expose};
