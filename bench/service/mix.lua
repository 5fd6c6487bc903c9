-- What wrk sends, as `burnrate load` does: the shares come from there, the texts too. Reads are of content that is
-- never deleted, deletions of what this run has created itself: no answer can be an error that the service is not to
-- blame for. Written for one thread.
--
-- Arguments, each `name=value`: connections, content (a file), expected (a status that is a success too), mix, posts, run,
-- seconds, seed, think_ms, users.

local ffi = require("ffi")
ffi.cdef([[
typedef struct { long seconds; long nanoseconds; } bench_time;
int clock_gettime(int clock, bench_time *time);
int getpid(void);
int kill(int pid, int signal);
]])
local MONOTONIC, INTERRUPT = 1, 2
local NEVER_MS = 24 * 3600 * 1000
-- Once so many of its own live, a run deletes the oldest instead of creating one more.
local MOST_POSTS, MOST_USERS = 200, 20
-- nginx closes a new connection that says nothing for 10 s, and one that has said something after 65 s.
local LONGEST_FIRST_MS, LONGEST_THINK_MS = 5000, 30000

local clock = ffi.new("bench_time")
local function now()
  ffi.C.clock_gettime(MONOTONIC, clock)
  return tonumber(clock.seconds) + tonumber(clock.nanoseconds) / 1e9
end

local options, content, kinds, total = {}, nil, {}, 0
local stop_at
local begun, resting = 0, 0
local serial = 0
local own = { posts = { first = 1, last = 0 }, users = { first = 1, last = 0 } }

-- Read by `done`. wrk asks for one request more than it sends, to look at its form.
sent, answered, served, served_in_time, statuses = -1, 0, 0, 0, {}

local function any(list)
  return list[math.random(#list)]
end

local function json(method, path, body)
  return wrk.format(method, path, nil, body)
end

local function push(queue, id)
  queue.last = queue.last + 1
  queue[queue.last] = id
end

local function pop(queue)
  local id = queue[queue.first]
  queue[queue.first] = nil
  queue.first = queue.first + 1
  return id
end

local function size(queue)
  return queue.last - queue.first + 1
end

local function next_serial()
  serial = serial + 1
  return serial
end

local make = {}

function make.list_posts()
  return wrk.format("GET", "/posts")
end

function make.show_post()
  return wrk.format("GET", "/posts/" .. math.random(options.posts))
end

-- Always the same one, so that it is in the cache; and one that there is not.
function make.show_one_post()
  return wrk.format("GET", "/posts/1")
end

function make.show_missing_post()
  return wrk.format("GET", "/posts/999999999")
end

function make.search_posts()
  return wrk.format("GET", "/posts/search?q=" .. any(content.words))
end

function make.list_users()
  return wrk.format("GET", "/users")
end

function make.show_user()
  return wrk.format("GET", "/users/" .. math.random(options.users))
end

function make.create_user()
  if size(own.users) >= MOST_USERS then
    return wrk.format("DELETE", "/users/" .. pop(own.users))
  end
  local name = options.run .. "-" .. next_serial()
  return json("POST", "/users", '{"name":"Load ' .. name .. '","email":"load-' .. name .. '@example.org"}')
end

function make.delete_post()
  if size(own.posts) == 0 then
    return make.list_posts()
  end
  return wrk.format("DELETE", "/posts/" .. pop(own.posts))
end

function make.create_post()
  if size(own.posts) >= MOST_POSTS then
    return make.delete_post()
  end
  local author = math.random(options.users)
  local texts = '"title":"' .. any(content.titles) .. '","body":"' .. any(content.bodies) .. '"'
  return json("POST", "/posts", '{"author_id":' .. author .. "," .. texts .. "}")
end

function make.update_post()
  local path = "/posts/" .. math.random(options.posts)
  return json("PATCH", path, '{"title":"' .. any(content.titles) .. '"}')
end

function make.update_user()
  local path = "/users/" .. math.random(options.users)
  return json("PATCH", path, '{"name":"Load ' .. next_serial() .. '"}')
end

function make.process_text()
  return json("POST", "/process", '{"text":"' .. any(content.documents) .. '"}')
end

function init(arguments)
  for _, argument in ipairs(arguments) do
    local name, value = argument:match("^([%w_]+)=(.*)$")
    options[name] = tonumber(value) or value
  end
  content = dofile(options.content)
  for name, share in options.mix:gmatch("([%w_]+):(%d+)") do
    total = total + tonumber(share)
    table.insert(kinds, { up_to = total, make = assert(make[name], name .. " cannot be made") })
  end
  math.randomseed(options.seed)
  wrk.headers["Accept-Encoding"] = "gzip"
  wrk.headers["Content-Type"] = "application/json"
end

-- Drawn alike for the first request of a connection, or the rate would begin with twice what it is then.
local function think_ms()
  local pause_ms = -options.think_ms * math.log(1 - math.random())
  if begun < options.connections then
    begun = begun + 1
    return pause_ms < LONGEST_FIRST_MS and pause_ms or math.random() * LONGEST_FIRST_MS
  end
  return math.min(pause_ms, LONGEST_THINK_MS)
end

-- The pause before each request. At the end of the run it is endless, so that what is in flight gets its answer and
-- nothing else is sent; once every connection rests, wrk is told to end as a person would.
function delay()
  local time, pause_ms = now(), think_ms()
  stop_at = stop_at or time + options.seconds
  if time + pause_ms / 1000 < stop_at then
    return pause_ms
  end
  resting = resting + 1
  if resting == options.connections then
    ffi.C.kill(ffi.C.getpid(), INTERRUPT)
  end
  return NEVER_MS
end

function request()
  sent = sent + 1
  local drawn = math.random(total)
  for _, kind in ipairs(kinds) do
    if drawn <= kind.up_to then
      return kind.make()
    end
  end
end

function response(status, headers)
  answered = answered + 1
  if status < 400 or status == options.expected then
    served = served + 1
    if now() < stop_at then
      served_in_time = served_in_time + 1
    end
  end
  statuses[status] = (statuses[status] or 0) + 1
  if status == 201 then
    local feature, id = (headers["location"] or headers["Location"]):match("^/(%a+)/(%d+)$")
    push(own[feature], id)
  end
end

local thread

function setup(its)
  thread = its
end

function done(summary, latency)
  local counts = {}
  for status, count in pairs(thread:get("statuses")) do
    table.insert(counts, string.format('"%d":%d', status, count))
  end
  local errors = summary.errors
  local counters = {}
  for _, name in ipairs({ "sent", "answered", "served", "served_in_time" }) do
    table.insert(counters, string.format('"%s":%d', name, thread:get(name)))
  end
  io.write(string.format(
    'figures {%s,"statuses":{%s},"socket_errors":%d,"p50_seconds":%.6f,"p99_seconds":%.6f,"longest_seconds":%.6f}\n',
    table.concat(counters, ","), table.concat(counts, ","),
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, latency.max / 1e6
  ))
end
