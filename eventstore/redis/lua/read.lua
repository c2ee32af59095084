-- Events of one stream: stream(epoch, stream, from, to) → id, payload, id, payload…
-- A payload is false when the log does not hold the entry.
register('stream', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local out, newest = {}, call('HGET', HEADS, a[2])
  for _, slot in ipairs(slots_between(a[2], newest, tonumber(a[3]), tonumber(a[4]))) do
    local id = entry_id(slot)
    local entry = call('XRANGE', LOG, id, id)[1]
    out[#out + 1] = id
    out[#out + 1] = entry and field(entry[2], 'payload') or false
  end
  return out
end, {'no-writes'})

-- Due deadlines: due(epoch, limit) → seconds, microseconds, next or '', stream, time, stream, time…
register('due', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local t, ms = call('TIME'), decimal(now())
  local out = call('ZRANGE', DEADLINES, '-inf', ms, 'BYSCORE', 'LIMIT', '0', a[2], 'WITHSCORES')
  local later = call('ZRANGE', DEADLINES, '(' .. ms, '+inf', 'BYSCORE', 'LIMIT', '0', '1', 'WITHSCORES')
  table.insert(out, 1, later[2] or '')
  table.insert(out, 1, t[2])
  table.insert(out, 1, t[1])
  return out
end, {'no-writes'})

-- postpone(epoch, stream, from, to)
register('postpone', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  if tonumber(call('ZSCORE', DEADLINES, a[2]) or nil) == tonumber(a[3]) then
    call('ZADD', DEADLINES, 'XX', a[4], a[2])
  end
  return 1
end, {'allow-oom'})

-- renew(epoch, stream, token) → version, or false when the lease is lost
register('renew', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local token, counter, ttl = parse_lease(call('HGET', LEASES, a[2]))
  if token ~= a[3] then
    return false
  end
  local version = version_of(call('HGET', HEADS, a[2]))
  call('HSET', LEASES, a[2], decimal(counter + 1) .. ' ' .. decimal(ttl) .. ' ' .. token)
  call('ZADD', DEADLINES, decimal(now() + ttl), a[2])
  return version
end, {'allow-oom'})

-- lease(epoch, stream) → token, counter, length, or false
register('lease', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local token, counter, ttl = parse_lease(call('HGET', LEASES, a[2]))
  return token and {token, counter, ttl} or false
end, {'no-writes'})

-- heartbeat(epoch, id, ttl, description)
register('heartbeat', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  call('SADD', WORKERS, a[2])
  call('SET', WORKER .. a[2], decimal(now()) .. ' ' .. a[4], 'PX', a[3])
  return 1
end, {'allow-oom'})

-- workers(epoch) → (time and description)…
register('workers', function(_, a)
  local replaced = begin(a[1])
  if replaced then
    return replaced
  end
  local out = {}
  for _, id in ipairs(call('SMEMBERS', WORKERS)) do
    local worker = call('GET', WORKER .. id)
    if worker then
      out[#out + 1] = worker
    else
      call('SREM', WORKERS, id)
    end
  end
  return out
end, {'allow-oom'})
