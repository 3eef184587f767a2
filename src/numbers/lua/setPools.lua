--[[
  Takes over the pools of a dialplan. Numbers that are out stay good; those that belong to no pool any more are not
  leased again.

  Input:
    KEYS[1] pools     pool -> range and times as JSON
    KEYS[2] cursors   pool -> first number that was never looked at

    ARGV[1] configs   JSON list of pools, each as JSON of its own: {id, from, to, lease, quarantine}; times in ms

  Output:
    number of pools that are new or have another range

  Events: none
]]
local changed, wanted = 0, {}
-- The text of a pool is kept as it came: cjson writes no more than 14 digits.
for _, text in ipairs(cjson.decode(A.configs)) do
  local config = cjson.decode(text)
  wanted[config.id] = true
  local old = redis.call('HGET', K.pools, config.id)
  local was = old and cjson.decode(old) or {}
  if was.from ~= config.from or was.to ~= config.to then
    redis.call('HSET', K.cursors, config.id, string.format('%.0f', config.from))
    changed = changed + 1
  end
  redis.call('HSET', K.pools, config.id, text)
end
for _, id in ipairs(redis.call('HKEYS', K.pools)) do
  if not wanted[id] then redis.call('HDEL', K.pools, id) end
end
return changed
