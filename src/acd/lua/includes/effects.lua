-- What the caller has to do after a script: the node that owns a ticket is told by its channel, unless it is the very
-- node that runs the script, which reads its share in the reply without the way through a channel.
local effects = {}

local function note(effect)
  effects[#effects + 1] = effect
end

local function tell(node, effect)
  if node == A.node then
    note(effect)
  else
    redis.call('PUBLISH', keyOf('node', node), cjson.encode(effect))
  end
end

-- The reply of every script that changes something: its value, and its effects as JSON.
local function done(value)
  if #effects == 0 then return { value, '' } end
  return { value, cjson.encode(effects) }
end

local function load(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local hash = {}
  for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
  return hash
end
