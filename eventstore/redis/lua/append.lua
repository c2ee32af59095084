-- Append: many appends in one call, each accepted or refused on its own.
--
--   append(epoch, count, stream…, append…)                     (the stream of each write, in order)
--   append = length, writes, holds, write…, hold…, effect…     (length counts what stands behind it)
--          | -length, head, uuid, tail, payload, effect…       (one event, no holds)
--   write  = head, events, (uuid, tail, payload)…
--            A slot of a stream is an event's entry id and its tail. head is the tail of the slot that
--            the stream must end with, '' for no stream.
--   hold   = stream, token, touch, counter                     (counter '' is any)
--   effect = tag and a fixed number of arguments, see effects; a capital tag is for the first write's
--            stream, which is not named again
--
-- Answers one text for each append: the entry ids joined by ',' when it was written, 'D' and the ids
-- when it had been written before, 'C' conflict, 'L' lease lost, 'X' and a message for a key of
-- another type or a log that takes nothing more. Redis does not undo what a function did before it
-- failed, so everything that can refuse an append is looked at before its first write.

-- What is known within one call: the types of keys; deadlines, leases and the newest slots of streams,
-- which are written at its end.
local kinds, deadlines, leases, newest

local function fits(key, want)
  local kind = kinds[key]
  if not kind then
    kind = call('TYPE', key).ok
    kinds[key] = kind
  end
  return kind == want or kind == 'none'
end

local function need(key, want)
  if not fits(key, want) then
    return 'X' .. key .. ' is a ' .. kinds[key] .. ', not a ' .. want
  end
end

local function need_topic(topic)
  return need(P .. topic, 'stream') or (kinds[P .. topic] == 'none' and need(TOPICS, 'set')) or nil
end

local function enqueue(topic, uuid, payload)
  local key = P .. topic
  call('XADD', key, '*', UUID, uuid, 'metadata', '', 'payload', payload)
  if kinds[key] == 'none' then
    call('SADD', TOPICS, topic)
    kinds[key] = 'stream'
  end
end

local function lease_of(stream)
  local lease = leases[stream]
  if lease == nil then
    lease = call('HGET', LEASES, stream)
    leases[stream] = lease
  end
  return lease
end

local released -- streams whose lease was changed in this call
local changed, changes -- streams that were written in this call, one perhaps several times

local function set_lease(stream, lease)
  leases[stream] = lease
  released[stream] = true
end

-- The watches of a stream are one text, three lines for each: topic, uuid, payload.
local function each_watch(stream, f)
  for topic, uuid, payload in string.gmatch(call('HGET', WATCHES, stream) or '', '(.-)\n(.-)\n(.-)\n') do
    local stop = f(topic, uuid, payload)
    if stop then
      return stop
    end
  end
end

local function add_watch(stream, topic, uuid, payload)
  local watches = call('HGET', WATCHES, stream) or ''
  local watch = table.concat({topic, uuid, payload, ''}, '\n')
  if not find(watches, watch, 1, true) then
    call('HSET', WATCHES, stream, watches .. watch)
  end
  kinds[WATCHES] = 'hash'
end

local function set_deadline(stream, at)
  deadlines[stream] = at ~= '' and at
end

local function grant(stream, token, ttl)
  set_lease(stream, '1 ' .. ttl .. ' ' .. token)
  deadlines[stream] = decimal(now() + tonumber(ttl))
end

-- An append that wakes nobody costs nothing while nobody waits for anything.
local function need_watches(stream)
  local wrong = need(WATCHES, 'hash')
  if wrong or kinds[WATCHES] == 'none' then
    return wrong
  end
  return each_watch(stream, need_topic)
end

local function wake(stream)
  if kinds[WATCHES] == 'hash' then
    each_watch(stream, enqueue)
    call('HDEL', WATCHES, stream)
  end
end

local function need_deadlines() return need(DEADLINES, 'zset') end
local function need_leases() return need(LEASES, 'hash') end
local function need_both() return need_leases() or need_deadlines() end

-- Each effect: its length, what it needs, and what it does. base is the index of the append's first
-- argument, own the first write's stream.
local effects = {
  -- deadline: stream, time or ''
  d = {3, need_deadlines, function(a, i) set_deadline(a[i + 1], a[i + 2]) end},
  D = {2, need_deadlines, function(a, i, _, own) set_deadline(own, a[i + 1]) end},
  -- end of a lease: stream
  x = {2, need_leases, function(a, i) set_lease(a[i + 1], false) end},
  X = {1, need_leases, function(_, _, _, own) set_lease(own, false) end},
  -- grant of a lease: stream, token, length
  g = {4, need_both, function(a, i) grant(a[i + 1], a[i + 2], a[i + 3]) end},
  G = {3, need_both, function(a, i, _, own) grant(own, a[i + 1], a[i + 2]) end},
  -- message: topic, uuid, payload
  q = {
    4,
    function(a, i) return need_topic(a[i + 1]) end,
    function(a, i) enqueue(a[i + 1], a[i + 2], a[i + 3]) end,
  },
  -- message that repeats an event: topic, place of the event's uuid
  Q = {
    3,
    function(a, i) return need_topic(a[i + 1]) end,
    function(a, i, base)
      local event = base + tonumber(a[i + 2])
      enqueue(a[i + 1], a[event], a[event + 2])
    end,
  },
  -- watch: stream, topic, uuid, payload
  w = {
    5,
    function(a, i) return need(WATCHES, 'hash') or need_topic(a[i + 2]) end,
    function(a, i)
      add_watch(a[i + 1], a[i + 2], a[i + 3], a[i + 4])
      enqueue(a[i + 2], a[i + 3], a[i + 4])
    end,
  },
  -- wake: stream
  k = {2, function(a, i) return need_watches(a[i + 1]) end, function(a, i) wake(a[i + 1]) end},
  K = {1, function(_, _, own) return need_watches(own) end, function(_, _, _, own) wake(own) end},
  -- pause: prefix, '1' or '0'
  p = {
    3,
    function() return need(PAUSED, 'set') end,
    function(a, i) call(a[i + 2] == '1' and 'SADD' or 'SREM', PAUSED, a[i + 1]) end,
  },
}

local function at_head(slots, head)
  if head == '' then
    return not slots
  end
  return slots and find(slots, head, -#head, true)
end

-- need_list is asked by a write that may move a block to the stream's list: one that begins a block and
-- not the stream. i is the index of the first event's tail.
local function need_list(stream, a, i, events)
  for e = newest[stream] and 0 or 1, events - 1 do
    if byte(a[i + 3 * e]) == SEMICOLON then
      return need(P .. stream, 'list')
    end
  end
end

-- repeats reports whether the stream holds these very events behind the head, and adds their ids; i
-- is the index of the first one's uuid.
local function repeats(stream, head, a, i, events, ids)
  local at = tonumber(match(a[i + 1], '^[ ;](%d+) ')) - 1
  local first = math.max(at, 1)
  local slots = slots_between(stream, newest[stream], first, at + events)
  if #slots ~= at - first + 1 + events or (at > 0 and not at_head(slots[1], head)) then
    return false
  end
  for e = 1, events do
    local id = entry_id(slots[at - first + 1 + e])
    local entry = call('XRANGE', LOG, id, id)[1]
    if not entry or field(entry[2], UUID) ~= a[i + 3 * (e - 1)] then
      return false
    end
    ids[#ids + 1] = id
  end
  return true
end

-- check_writes returns the index behind the writes, or nil and the answer. s is the index of the first
-- one's stream.
local function check_writes(a, i, writes, s)
  local repeated, ids = 0, {}
  for w = 0, writes - 1 do
    local stream, events = a[s + w], tonumber(a[i + 1])
    if not at_head(newest[stream], a[i]) then
      if not repeats(stream, a[i], a, i + 2, events, ids) then
        return nil, 'C'
      end
      repeated = repeated + 1
    end
    local wrong = need_list(stream, a, i + 3, events)
    if wrong then
      return nil, wrong
    end
    i = i + 2 + 3 * events
  end
  if repeated == writes then
    return nil, 'D' .. table.concat(ids, ',')
  end
  if repeated > 0 then
    return nil, 'C'
  end
  return i
end

-- check_holds returns the index behind the holds, or nil and the answer.
local function check_holds(a, i, holds)
  for _ = 1, holds do
    local wrong = need(LEASES, 'hash')
    if wrong then
      return nil, wrong
    end
    local token, counter = parse_lease(lease_of(a[i]))
    if token ~= a[i + 1] or (a[i + 3] ~= '' and counter ~= tonumber(a[i + 3])) then
      return nil, 'L'
    end
    i = i + 4
  end
  return i
end

local function touch(a, i)
  if a[i + 2] == '1' then
    local token, counter, ttl = parse_lease(lease_of(a[i]))
    set_lease(a[i], decimal(counter + 1) .. ' ' .. decimal(ttl) .. ' ' .. token)
  end
end

-- add appends one event whose uuid is at i, and returns its entry id, or nil and the answer.
local function add(stream, a, i)
  local id = try('XADD', LOG, '*', UUID, a[i], 'metadata', '', 'payload', a[i + 2])
  if id.err then -- a text has no such field
    return nil, 'X' .. LOG .. ': ' .. id.err
  end
  local tail, slots = a[i + 1], newest[stream]
  changes = changes + 1
  changed[changes] = stream
  if slots and byte(tail) ~= SEMICOLON then
    newest[stream] = slots .. id .. tail
    return id
  end
  newest[stream] = id .. tail
  if slots then
    call('RPUSH', P .. stream, slots)
  end
  return id
end

-- write returns the ids joined by ',', or nil and the answer.
local function write(a, i, writes, s)
  local ids
  for w = 0, writes - 1 do
    local stream, events = a[s + w], tonumber(a[i + 1])
    i = i + 2
    for _ = 1, events do
      local id, wrong = add(stream, a, i)
      if not id then
        return nil, wrong
      end
      ids = ids and ids .. ',' .. id or id
      i = i + 3
    end
  end
  return ids
end

-- check_effects returns what is wrong.
local function check_effects(a, i, stop, own)
  while i <= stop do
    local effect = effects[a[i]]
    local wrong = effect[2](a, i, own)
    if wrong then
      return wrong
    end
    i = i + effect[1]
  end
end

local function apply_effects(a, i, stop, base, own)
  while i <= stop do
    local effect = effects[a[i]]
    effect[3](a, i, base, own)
    i = i + effect[1]
  end
end

local function several(a, base, stop, s)
  local writes, holds, own = tonumber(a[base]), tonumber(a[base + 1]), a[s]
  local first_hold, first_effect, answer
  first_hold, answer = check_writes(a, base + 2, writes, s)
  if not first_hold then
    return answer
  end
  first_effect, answer = check_holds(a, first_hold, holds)
  if not first_effect then
    return answer
  end
  answer = check_effects(a, first_effect, stop, own)
  if answer then
    return answer
  end
  local ids, wrong = write(a, base + 2, writes, s)
  if not ids then
    return wrong
  end
  for hold = 0, holds - 1 do
    touch(a, first_hold + 4 * hold)
  end
  apply_effects(a, first_effect, stop, base, own)
  return ids
end

local function single(a, base, stop, own)
  local head = a[base]
  if not at_head(newest[own], head) then
    local ids = {}
    return repeats(own, head, a, base + 1, 1, ids) and 'D' .. ids[1] or 'C'
  end
  local effects_at, id, wrong = base + 4, nil, need_list(own, a, base + 2, 1)
  if wrong then
    return wrong
  end
  if effects_at <= stop then
    wrong = check_effects(a, effects_at, stop, own)
    if wrong then
      return wrong
    end
  end
  id, wrong = add(own, a, base + 1)
  if effects_at <= stop and id then
    apply_effects(a, effects_at, stop, base, own)
  end
  return id or wrong
end

-- in_chunks keeps below Lua's limit on unpacked values; size is even, so that pairs stay together.
local function in_chunks(command, key, args)
  local size = 2000
  for i = 1, #args, size do
    call(command, key, unpack(args, i, math.min(i + size - 1, #args)))
  end
end

-- settle writes what the appends of the call said, the last word on each thing.
local function settle()
  local set, clear = {}, {}
  for i = 1, changes do
    local stream = changed[i]
    set[2 * i - 1], set[2 * i] = stream, newest[stream]
  end
  in_chunks('HSET', HEADS, set)
  set = {}
  for stream, at in pairs(deadlines) do
    if at then
      set[#set + 1] = at
      set[#set + 1] = stream
    else
      clear[#clear + 1] = stream
    end
  end
  in_chunks('ZADD', DEADLINES, set)
  in_chunks('ZREM', DEADLINES, clear)
  set, clear = {}, {}
  for stream in pairs(released) do
    if leases[stream] then
      set[#set + 1] = stream
      set[#set + 1] = leases[stream]
    else
      clear[#clear + 1] = stream
    end
  end
  in_chunks('HSET', LEASES, set)
  in_chunks('HDEL', LEASES, clear)
end

-- look_up reads the newest slots of all streams of the call at once. It returns what is wrong.
local function look_up(a, streams)
  newest = {}
  for first = 3, streams + 2, 2000 do
    local found = try('HMGET', HEADS, unpack(a, first, math.min(first + 1999, streams + 2)))
    if found.err then
      return redis.error_reply('ERR ' .. HEADS .. ': ' .. found.err)
    end
    for i = 1, #found do
      newest[a[first + i - 1]] = found[i]
    end
  end
end

-- through answers the appends from where at stands, whose first write is to the stream at s. An error
-- ends it and leaves both on the append that caused it: one pcall for all costs less than one for each.
local at, s, answers, answered

local function through(a, n)
  local out, i = answers, at
  while i <= n do
    local length, writes, answer = a[i], 1, nil
    if length == '-4' then
      length = 4
      answer = single(a, i + 1, i + 4, a[s])
    else
      length = tonumber(length)
      if length < 0 then
        length = -length
        answer = single(a, i + 1, i + length, a[s])
      else
        writes = tonumber(a[i + 1])
        answer = several(a, i + 1, i + length, s)
      end
    end
    answered = answered + 1
    out[answered] = answer
    i = i + length + 1
    at, s = i, s + writes
  end
end

local function append(_, a)
  local streams = tonumber(a[2])
  local wrong = begin(a[1]) or look_up(a, streams)
  if wrong then
    return wrong
  end
  kinds, deadlines, leases, released, changed, changes = {}, {}, {}, {}, {}, 0
  local n = #a
  at, s, answers, answered = 3 + streams, 3, {}, 0
  while at <= n do
    local ok, fault = pcall(through, a, n)
    if not ok then
      answered = answered + 1
      answers[answered] = 'X' .. (type(fault) == 'table' and fault.err or tostring(fault))
      local length = tonumber(a[at])
      s = s + (length < 0 and 1 or tonumber(a[at + 1]))
      at = at + math.abs(length) + 1
    end
  end
  settle()
  return answers
end

register('append', append)
-- The same for appends that only finish work, beyond the memory limit.
register('finish', append, {'allow-oom'})
