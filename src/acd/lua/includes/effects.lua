-- Keys that are known only while a batch runs. The same names as in src/store/keys.ts, from the same root.
local function keyOf(kind, id) return ROOT .. kind .. ':' .. id end

-- What the caller has to do after a batch: the node that owns a ticket is told by its channel, unless it is the very node
-- that runs the batch, which reads its share in the reply without the way through a channel.
local effects = {}
-- When the earliest of what was set during the batch falls due, ms.
local dueAt

local function note(effect)
  effects[#effects + 1] = effect
end

local function tell(node, effect)
  if node == NODE then
    note(effect)
  else
    redis.call('PUBLISH', keyOf('node', node), cjson.encode(effect))
  end
end

local function owe(entry, at)
  redis.call('ZADD', ROOT .. 'due', at, entry)
  at = tonumber(at)
  if not dueAt or at < dueAt then dueAt = at end
end

local function oweNothing(entry)
  redis.call('ZREM', ROOT .. 'due', entry)
end

-- Hashes that were read in this batch by their key, so that each is read once; false where there is none.
local known = {}
-- Tickets, seats and queues that may have changed: their rows go to every node, each once, as it is last.
local touched = {}
local touchedAt = {}

local function touch(kind, object)
  local key = kind .. object.id
  local at = touchedAt[key] or #touched + 1
  touchedAt[key] = at
  touched[at] = { kind, object }
end

local function load(key)
  local object = known[key]
  if object ~= nil then return object or nil end
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then
    known[key] = false
    return nil
  end
  object = {}
  for i = 1, #flat, 2 do object[flat[i]] = flat[i + 1] end
  known[key] = object
  return object
end

-- Writes fields into a hash and into what is known of it.
local function put(key, object, ...)
  redis.call('HSET', key, ...)
  local fields = { ... }
  for i = 1, #fields, 2 do object[fields[i]] = fields[i + 1] end
end

-- The state that an arrow of a table leads to, or nil. A table is a text such as ` waiting>offer=offered …`.
local function arrow(table, from, input)
  return string.match(table, ' ' .. string.gsub(from, '%-', '%%-') .. '>' .. input .. '=(%S+)')
end

local function whole(number) return string.format('%.0f', number) end
