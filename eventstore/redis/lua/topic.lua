local function paused(topic, prefixes)
  for _, prefix in ipairs(prefixes) do
    if sub(topic, 1, #prefix) == prefix then
      return true
    end
  end
  return false
end

-- read_new reads a topic for a consumer, making the group where it is missing. It returns entries,
-- or nil and what is wrong.
local function read_new(topic, consumer, count)
  local key = P .. topic
  local reply = try('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', key, '>')
  if type(reply) == 'table' and reply.err and find(reply.err, 'NOGROUP', 1, true) then
    call('XGROUP', 'CREATE', key, GROUP, '0', 'MKSTREAM')
    call('SADD', TOPICS, topic)
    reply = try('XREADGROUP', 'GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', key, '>')
  end
  if not reply then
    return {}
  end
  if reply.err then
    return nil, reply.err
  end
  return reply[1] and reply[1][2] or {}
end

-- Takes messages: take(epoch, consumer, count, topic…) → for each topic in order its entries, or X
-- and what is wrong with it. When there are none at all, → the id of each topic's last
-- entry instead, to wait behind; '' for a paused one.
register('take', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local prefixes = call('SMEMBERS', PAUSED)
  local out, free, found = {}, tonumber(a[3]), false
  for i = 4, #a do
    local entries, wrong = {}, nil
    if free > 0 and not paused(a[i], prefixes) then
      entries, wrong = read_new(a[i], a[2], free)
    end
    out[#out + 1] = entries or 'X' .. wrong
    if wrong or #entries > 0 then
      found = true
      free = free - (entries and #entries or 0)
    end
  end
  if found then
    return out
  end
  for i = 4, #a do
    local last = ''
    if not paused(a[i], prefixes) then
      local entry = call('XREVRANGE', P .. a[i], '+', '-', 'COUNT', '1')[1]
      last = entry and entry[1] or '0-0'
    end
    out[i - 3] = last
  end
  return out
end, {'allow-oom'})

-- Takes over what this consumer took before a time, in an earlier life of its process, and never
-- acked: mine(epoch, consumer, count, time, topic) → entries; called until there are none
register('mine', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local key, ids = P .. a[5], {}
  local idle = math.max(now() - tonumber(a[4]) + 1, 0)
  for _, p in ipairs(try('XPENDING', key, GROUP, 'IDLE', decimal(idle), '-', '+', a[3], a[2])) do
    ids[#ids + 1] = p[1]
  end
  return #ids > 0 and call('XCLAIM', key, GROUP, a[2], '0', unpack(ids)) or {}
end, {'allow-oom'})

-- Takes over what another consumer took and has not acked for a time:
-- stale(epoch, consumer, count, idle, topic) → entries
register('stale', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  if paused(a[5], call('SMEMBERS', PAUSED)) then
    return {}
  end
  return try('XAUTOCLAIM', P .. a[5], GROUP, a[2], a[4], '0-0', 'COUNT', a[3])[2] or {}
end, {'allow-oom'})

-- Forgets readers that hold nothing and have not been seen for a time: sweep(epoch, topic, idle)
register('sweep', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local key = P .. a[2]
  for _, consumer in ipairs(try('XINFO', 'CONSUMERS', key, GROUP)) do
    if field(consumer, 'pending') == 0 and field(consumer, 'idle') > tonumber(a[3]) then
      call('XGROUP', 'DELCONSUMER', key, GROUP, field(consumer, 'name'))
    end
  end
  return 1
end, {'allow-oom'})

-- depths(epoch, prefix) → topic, entries, taken, first id or '', paused…
register('depths', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local prefixes, out = call('SMEMBERS', PAUSED), {}
  for _, topic in ipairs(call('SMEMBERS', TOPICS)) do
    if sub(topic, 1, #a[2]) == a[2] then
      local key = P .. topic
      local taken = 0
      for _, group in ipairs(try('XINFO', 'GROUPS', key)) do
        taken = taken + field(group, 'pending')
      end
      local first = try('XRANGE', key, '-', '+', 'COUNT', '1')
      local length = try('XLEN', key)
      out[#out + 1] = topic
      out[#out + 1] = type(length) == 'number' and length or 0
      out[#out + 1] = taken
      out[#out + 1] = not first.err and first[1] and first[1][1] or ''
      out[#out + 1] = paused(topic, prefixes) and 1 or 0
    end
  end
  return out
end, {'no-writes'})
