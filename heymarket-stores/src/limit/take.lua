-- One message of a process: ends of slots, a closure, and slots that it wants.
--
-- KEYS[1] is a sorted set, so that Redis keeps or loses the limit as a whole:
--   HOLDER:NUMBER   a slot, with the time at which it is free
--   run:ID          the run of the server that knows the limit, with -1
--   closed, start, seen
--                   minus the end of the closure, minus the next start after it, and
--                   minus the last time of the server's clock
-- All times are microseconds of the server's clock.
local key = KEYS[1]
local holder, limit, period = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local wanted, first = tonumber(ARGV[4]), tonumber(ARGV[5])
local hold, blind, close = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local keep, is_unused = tonumber(ARGV[9]), ARGV[10] == '1'

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Lua would write large numbers with an exponent, and so round them.
local function text(number) return string.format('%.0f', number) end
local function get(name) return -tonumber(redis.call('ZSCORE', key, name) or '0') end
local function set(name, value) redis.call('ZADD', key, text(-value), name) end

local run = 'run:' .. string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local known = redis.call('ZRANGEBYSCORE', key, -1, -1)
local seen, closed = get('seen'), get('closed')
if known[1] ~= run or now < seen - 1000000 then
  -- The server was flushed or restarted, or its clock was set back: what was sent in the
  -- time before is not known.
  if known[1] or not is_unused then
    closed = math.max(now + blind, now + math.max(closed - seen, 0))
    set('closed', closed)
  end
  if known[1] then redis.call('ZREM', key, known[1]) end
  if now < seen then
    -- The times of its slots lie in the future.
    redis.call('ZREMRANGEBYSCORE', key, '(0', '+inf')
    set('start', 0)
  end
  redis.call('ZADD', key, -1, run)
end
set('seen', now)

for index = 11, #ARGV, 2 do
  local slot, after = holder .. ':' .. ARGV[index], tonumber(ARGV[index + 1])
  if after > 0 then
    -- It is added if it is not known: then the server lost it.
    redis.call('ZADD', key, text(now + after), slot)
  else
    redis.call('ZREM', key, slot)
  end
end
if close > 0 then
  closed = math.max(closed, now + close)
  set('closed', closed)
end
redis.call('ZREMRANGEBYSCORE', key, 0, text(now))

local granted, wait = 0, 0
if wanted > 0 then
  local used = redis.call('ZCOUNT', key, '(0', '+inf')
  local free = limit - used
  local start = get('start')
  local restarts = now < closed + period / 6
  if now < closed then
    wait = closed - now
  elseif restarts and now < start then
    wait = start - now
  else
    granted = math.max(math.min(wanted, free), 0)
    if restarts then
      granted = math.min(granted, 1)
      wait = period / 3000
      set('start', now + wait)
    end
    for number = first, first + granted - 1 do
      redis.call('ZADD', key, text(now + hold), holder .. ':' .. text(number))
    end
    used = used + granted
    if granted < wanted and used >= limit then
      local next = redis.call('ZRANGEBYSCORE', key, '(0', '+inf', 'WITHSCORES', 'LIMIT', used - limit, 1)
      wait = tonumber(next[2]) - now
    end
  end
end
redis.call('PEXPIRE', key, text(keep))
return {granted, math.ceil(wait)}
