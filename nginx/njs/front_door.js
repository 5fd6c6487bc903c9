// What the front door answered, counted. nginx/lua/http.conf does the same in Lua; one test holds for both.

// Seconds. 5: from there on a client that left had waited; 30: the default deadline of a request; 60: nginx' own.
const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const KINDS = {unmatched: 'unmatched', internal: 'internal'};

function counts() {
    return ngx.shared.front_door;
}

function labels(variables) {
    // A time per upstream that was tried, `-` where none of its header came; the last one's answer is passed on.
    const header_time = variables.upstream_header_time || '-';
    const is_service = !header_time.endsWith('-');
    const is_lost = !is_service && variables.status === '404';
    const kind = is_service ? KINDS[variables.upstream_http_x_request_kind] : is_lost && 'unmatched';
    return `${is_service ? 'service' : 'proxy'}|${variables.status}|${kind || 'route'}`;
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
    counts().keys(10000).filter((key) => key !== 'start').forEach((key) => {
        const parts = key.split('|');
        const names = `answered_by="${parts[0]}",status="${parts[1]}",kind="${parts[2]}"`;
        found[names] = found[names] || {status: parts[1], buckets: BOUNDS.concat(0).map(() => 0), sum: 0};
        if (parts[3] === 'sum') {
            found[names].sum = counts().get(key);
        } else {
            found[names].buckets[parts[3]] = counts().get(key);
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
