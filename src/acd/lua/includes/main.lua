--- @include "effects"
--- @include "draft"
-- Runs the commands of a batch one after another. ARGS: root, now, node; what they will change, where a node has made that out
-- beforehand (see draft.lua), or an empty text; and the commands as one text of words, the character 29 between them: of each its name, the count
-- of its arguments, and those. One that fails leaves the others alone; its value is then a list of an exclamation mark and the reason.
-- The reply to a draft that was taken has no values. One that came without commands and was refused is told by no revision.
if ARGS[4] ~= '' then
  local revision, others = applyDraft(split(ARGS[4], '\29'))
  if revision then return { {}, tostring(revision), {}, '', '', others and 1 or 0 } end
  if ARGS[5] == '' then return { {}, '', {}, '', '', 0 } end
end
ARGS = split(ARGS[5], '\29')

-- What the commands name is read at once.
local keys, kinds, ids = { 'MGET' }, {}, {}
local function want(kind, id)
  local key = keyOf(kind, id)
  if known[key] ~= nil then return end
  known[key] = false
  keys[#keys + 1] = key
  kinds[#keys], ids[#keys] = kind, id
end
local at = 1
while at <= #ARGS do
  local ticketAt, seatAt = TICKET_AT[ARGS[at]], SEAT_AT[ARGS[at]]
  if ticketAt then want('ticket', ARGS[at + 1 + ticketAt]) end
  if seatAt then want('seat', ARGS[at + 1 + seatAt]) end
  at = at + 2 + tonumber(ARGS[at + 1])
end
if #keys > 1 then
  local texts = redis.call(unpack(keys))
  for i = 2, #keys do
    -- What is no record is left to the verb that asks for it, which fails alone.
    if texts[i - 1] then known[keys[i]] = readRecord(kinds[i], ids[i], texts[i - 1]) end
  end
end

local values = {}
at = 1
while at <= #ARGS do
  local ok, value = pcall(VERB[ARGS[at]], at + 1)
  if not ok then value = { '!', tostring(value) } end
  values[#values + 1] = value
  at = at + 2 + tonumber(ARGS[at + 1])
end

-- Before anything is written: a node that broke off half way shows itself by a gap.
local revision, others = '', false
if #touched > 0 and not READS then
  revision = redis.call('INCR', ROOT .. 'revision')
  redis.call('SET', ROOT .. 'by', NODE)
end
writeAll()

-- Rows of what has changed, for every node; see src/acd/rows.ts.
local rows = {}
for i = 1, #touched do
  local kind, object = touched[i][1], touched[i][2]
  rows[i] = kind .. (kind == 'q' and object.id .. '\31' .. (object.lastSeat or '') or textOf(object))
end
if #rows > 0 and READS then
  revision = redis.call('GET', ROOT .. 'revision') or '0'
elseif #rows > 0 then
  others = hasOthers()
  if UNSEEN or ENTERED and others then writeEntries(revision, others) end
  if others then
    redis.call('PUBLISH', ROOT .. 'changes', revision .. '\29' .. NODE .. '\29' .. table.concat(rows, '\30'))
  end
end
return { values, revision, rows, #effects > 0 and cjson.encode(effects) or '', dueAt and whole(dueAt) or '', others and 1 or 0 }
