-- Keys that are known only while a batch runs. The same names as in src/store/keys.ts, from the same root.
local function keyOf(kind, id) return ROOT .. kind .. ':' .. id end

-- What the caller has to do after a batch: the node that owns a ticket is told by its channel, unless it is the very node
-- that runs the batch, which reads its share in the reply without the way through a channel.
local effects
-- When the earliest of what was set during the batch falls due, ms.
local dueAt

BEGIN[#BEGIN + 1] = function() effects, dueAt = {}, nil end

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

-- Whether a node listens to its channel here; nil where Redis does not tell. Asked once a batch.
local isHeard

BEGIN[#BEGIN + 1] = function() isHeard = {} end

local function hears(node)
  if isHeard[node] == nil then
    local counts = redis.pcall('PUBSUB', 'NUMSUB', keyOf('node', node))
    isHeard[node] = counts.err and 'unknown' or tonumber(counts[2]) > 0
  end
  if isHeard[node] ~= 'unknown' then return isHeard[node] end
end

-- Whether there is no doubt that a node does not listen. The connection of a process that was killed is gone at once, long before
-- the lease of its node ends. Where not even the node that runs this is heard, nothing is known of others.
local function isDeaf(node) return node ~= NODE and hears(node) == false and hears(NODE) end

local function whole(number) return string.format('%.0f', number) end

-- Members of sets, sorted sets and hashes are written at the end of the batch, all of a key together; what was written last
-- counts. Whatever reads such a key in a batch calls `flush` for it before.
local pending

BEGIN[#BEGIN + 1] = function() pending = {} end

local function later(add, remove, key, member, value)
  local one = pending[key]
  if not one then
    one = { add = add, remove = remove, members = {} }
    pending[key] = one
  end
  one.members[member] = value
end

local function flush(key)
  local one = pending[key]
  if not one then return end
  pending[key] = nil
  local added, removed = { one.add, key }, { one.remove, key }
  for member, value in pairs(one.members) do
    if value == false then
      removed[#removed + 1] = member
    elseif one.add == 'ZADD' then
      added[#added + 1] = value
      added[#added + 1] = member
    else
      added[#added + 1] = member
      if one.add == 'HSET' then added[#added + 1] = value end
    end
  end
  if #added > 2 then redis.call(unpack(added)) end
  if #removed > 2 then redis.call(unpack(removed)) end
end

local function sortedSet(key, member, score) later('ZADD', 'ZREM', key, member, score or false) end
local function plainSet(key, member, isIn) later('SADD', 'SREM', key, member, isIn) end
local function hashField(key, name, value) later('HSET', 'HDEL', key, name, value or false) end

local DUE

BEGIN[#BEGIN + 1] = function() DUE = ROOT .. 'due' end

local function owe(entry, at)
  sortedSet(DUE, entry, at)
  at = tonumber(at)
  if not dueAt or at < dueAt then dueAt = at end
end

local function oweNothing(entry) sortedSet(DUE, entry, nil) end

-- The pieces of a text between which a character of one octet stands.
local function split(text, separator)
  local find, sub = string.find, string.sub
  local list, n, at = {}, 0, 1
  -- Takes two thirds of the time of a pattern, and this is a third of what a batch costs.
  while true do
    local to = find(text, separator, at, true)
    n = n + 1
    if not to then
      list[n] = sub(text, at)
      return list
    end
    list[n] = sub(text, at, to - 1)
    at = to + 1
  end
end

-- What was read in this batch by its key, so that each is read once; false where there is none. A ticket or a seat is a record:
-- texts in the order of RECORD, the character 31 between them; its fields are reached by their names. A queue is a hash.
local known
-- Tickets, seats and queues that may have changed: their rows go to every node.
local touched, isTouched
-- Records and hashes that have to be written, by their keys.
local changed

BEGIN[#BEGIN + 1] = function() known, touched, isTouched, changed = {}, {}, {}, {} end

local function named(kind)
  local at = RECORD[kind]
  return {
    kind = kind,
    at = at,
    __index = function(record, name)
      local index = at[name]
      return index and record[index]
    end,
    -- Fields are written by `put`, which notes that they are.
    __newindex = function(_, name) error('a field is set past put: ' .. tostring(name)) end,
  }
end

local recordOf = { ticket = named('ticket'), seat = named('seat') }

-- Whether a node besides this one is there to be told. This one may have lost its lease, and not know yet.
local function hasOthers()
  local count = redis.call('ZCARD', ROOT .. 'nodes')
  return count > 1 or count == 1 and not redis.call('ZSCORE', ROOT .. 'nodes', NODE)
end

-- A ticket begins to wait, or comes before others: who ranks has to know it. `at` is the time when it came if it is a plain one, behind
-- all others of its time; 0 for any other.
local function enter(at) ENTERED = math.min(ENTERED or at, at) end

-- The same when whoever ranked by what this batch does could not foresee it.
local function enterUnseen(at)
  enter(at)
  UNSEEN = math.min(UNSEEN or at, at)
end

local ENTRIES_READ = 200
local ENTRIES_KEPT = 1000

-- Under the name of the node, which knows of it, or of nobody.
local function writeEntries(revision, others)
  local key = ROOT .. 'entered'
  if UNSEEN then redis.call('ZADD', key, revision, revision .. ' * ' .. whole(UNSEEN)) end
  if others then redis.call('ZADD', key, revision, revision .. ' ' .. NODE .. ' ' .. whole(ENTERED)) end
  redis.call('ZREMRANGEBYRANK', key, 0, -1 - ENTRIES_KEPT)
end

local function touch(kind, object)
  if isTouched[object] then return end
  isTouched[object] = true
  touched[#touched + 1] = { kind, object }
end

-- A list read from the store, or a new one. Records that an earlier version wrote are shorter.
local function asRecord(kind, list)
  for index = #list + 1, LENGTH[kind] do list[index] = '' end
  return setmetatable(list, recordOf[kind])
end

-- Nothing when the text is not the record of this id. Before, records were lists in JSON.
local function readRecord(kind, id, text)
  local isJson, list = false, nil
  if string.sub(text, 1, 1) == '[' then isJson, list = pcall(cjson.decode, text) end
  if not isJson or type(list) ~= 'table' then list = split(text, '\31') end
  return list[1] == id and asRecord(kind, list) or nil
end

-- Records as texts, made once a batch: for the store and for the rows.
local written

BEGIN[#BEGIN + 1] = function() written = {} end

-- Only at the end of the batch, when nothing is changed any more.
local function textOf(record)
  local text = written[record]
  if not text then
    text = table.concat(record, '\31')
    written[record] = text
  end
  return text
end

local function newRecord(kind, id)
  local record = asRecord(kind, { id })
  known[keyOf(kind, id)] = record
  return record
end

local function load(kind, id)
  local key = keyOf(kind, id)
  if known[key] == nil then
    local text = redis.call('GET', key)
    known[key] = text and (readRecord(kind, id, text) or error(key .. ' holds no record'))
  end
  return known[key] or nil
end

-- The same, and nothing for one that cannot be read: it does not keep others from what is done for all.
local function loadReadable(kind, id)
  local ok, record = pcall(load, kind, id)
  return ok and record or nil
end

-- Changes fields of a record; it is written at the end of the batch.
local function put(record, name, value, ...)
  record[getmetatable(record).at[name] or error('no field ' .. name)] = value
  changed[record] = true
  if ... then return put(record, ...) end
end

-- The state that an arrow of a table leads to, or nil. A table is a text such as ` waiting>offer=offered …`.
local arrows = {}
local function arrow(table, from, input)
  local ofTable = arrows[table]
  if not ofTable then
    ofTable = {}
    for state, what, to in string.gmatch(table, '(%S+)>(%S+)=(%S+)') do
      ofTable[state] = ofTable[state] or {}
      ofTable[state][what] = to
    end
    arrows[table] = ofTable
  end
  return ofTable[from] and ofTable[from][input]
end
