#!lua name=tapedeck_VERSION

-- The keys. The hash tag keeps a partition's keys on one node of a cluster.
local P = '{p0}'
local LOG, EPOCH, LAYOUT = P .. 'log', P .. 'epoch', P .. 'layout'
local HEADS = P .. 'heads'
local DEADLINES, LEASES = P .. 'deadlines', P .. 'leases'
local TOPICS, PAUSED = P .. 'topics', P .. 'paused'
local WORKERS, WORKER = P .. 'workers', P .. 'worker:'
local WATCHES = P .. 'watches'

local UUID = '_watermill_message_uuid'
local GROUP = 'tapedeck'

-- What these keys hold has this form. A log of another one is refused: read by this library it would
-- have no streams.
local FORM = '2'

-- A slot of a stream is the id of an event's entry, a version and 8 bytes of the event's hash, apart by
-- a space; by ';' in front of the version where it begins a block of 16 slots. A hash keeps the newest
-- block of each stream, which is read and written once for all appends of a call; the blocks before it
-- are a list of the stream's own.
local BLOCK, SEMICOLON = 16, 59
local SLOT = '(%d+%-%d+[ ;](%d+) ........)'

-- What a library cannot have while it is loaded: redis.call, redis.pcall and Lua's own libraries.
local call, try, sub, find, match, byte
local clock

-- begin returns an error reply when the log is not the caller's.
local function begin(epoch)
  call, try, sub, find, match, byte = redis.call, redis.pcall, string.sub, string.find, string.match, string.byte
  clock = nil
  if call('GET', EPOCH) ~= epoch then
    return redis.error_reply('EPOCH the log was emptied or replaced')
  end
end

-- now is Redis's time in milliseconds, the same throughout a call.
local function now()
  if not clock then
    local t = call('TIME')
    clock = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
  end
  return clock
end

local function decimal(ms)
  return string.format('%.0f', ms)
end

-- field returns a field's value from the flat list of an entry.
local function field(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then
      return fields[i + 1]
    end
  end
end

-- entry_id returns the id of the entry that a slot begins with.
local function entry_id(slot)
  return match(slot, '^[%d-]+')
end

-- slots_between returns the slots of these versions, as many as there are; newest is what HEADS has of
-- the stream.
local function slots_between(stream, newest, from, to)
  if not newest then
    return {}
  end
  local out, blocks = {}, {}
  if from < tonumber(match(newest, '^%S+;(%d+) ')) then
    blocks = call('LRANGE', P .. stream, math.floor((from - 1) / BLOCK), math.floor((to - 1) / BLOCK))
  end
  blocks[#blocks + 1] = newest
  for _, block in ipairs(blocks) do
    for slot, version in string.gmatch(block, SLOT) do
      version = tonumber(version)
      if from <= version and version <= to then
        out[#out + 1] = slot
      end
    end
  end
  return out
end

-- version_of returns the version of the newest slot.
local function version_of(newest)
  return newest and tonumber(match(sub(newest, -32, -10), '(%d+)$')) or 0
end

-- A lease is kept as "counter ttl token".
local function parse_lease(text)
  local counter, ttl, token = match(text or '', '^(%d+) (%d+) (.*)$')
  return token, tonumber(counter), tonumber(ttl)
end

local function register(name, callback, flags)
  redis.register_function{function_name = 'tapedeck_VERSION_' .. name, callback = callback, flags = flags or {}}
end

-- Makes the log's name, once: open(candidate) → name, the time in milliseconds
register('open', function(_, a)
  call, try, clock = redis.call, redis.pcall, nil
  local form = call('GET', LAYOUT)
  if form ~= FORM and (form or call('EXISTS', EPOCH, LOG) > 0) then
    return redis.error_reply('LAYOUT the log has form ' .. (form or '1') .. ', this program knows form ' .. FORM)
  end
  call('SET', LAYOUT, FORM)
  call('SET', EPOCH, a[1], 'NX')
  return {call('GET', EPOCH), decimal(now())}
end)
