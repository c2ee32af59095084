-- pending_of lists what a consumer took and has not acked.
local function pending_of(key, group, consumer)
  local out = {}
  for _, p in ipairs(call('XPENDING', key, group, '-', '+', '100', consumer)) do
    out[#out + 1] = p[1]
  end
  return out
end

local function claim(key, group, consumer, ids, idle)
  if #ids > 0 then
    local args = {key, group, consumer, '0', unpack(ids)}
    for _, arg in ipairs({'IDLE', idle, 'JUSTID'}) do
      args[#args + 1] = arg
    end
    call('XCLAIM', unpack(args))
  end
end

-- Makes the topic and a reactor's group, where they are missing: join(epoch, topic, group)
register('join', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  call('SADD', TOPICS, a[2])
  local reply = try('XGROUP', 'CREATE', P .. a[2], a[3], '0', 'MKSTREAM')
  if reply.err and not string.find(reply.err, 'BUSYGROUP', 1, true) then
    return reply
  end
  return 1
end, {'allow-oom'})

-- Keeps a live reactor's messages from going stale: tend(epoch, topic, group, consumer)
register('tend', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local key = P .. a[2]
  claim(key, a[3], a[4], pending_of(key, a[3], a[4]), '0')
  return 1
end, {'allow-oom'})

-- Gives a reactor's messages back and forgets the consumer: release(epoch, topic, group, consumer)
register('release', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local key = P .. a[2]
  claim(key, a[3], 'nobody', pending_of(key, a[3], a[4]), '86400000')
  call('XGROUP', 'DELCONSUMER', key, a[3], a[4])
  return 1
end, {'allow-oom'})
