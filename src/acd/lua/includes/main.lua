--- @include "effects"
--- @include "draft"
-- Runs the commands of a batch one after another. ARGS: root, now, node, then for each command its name, the count of
-- its arguments, and those. One that fails leaves the others alone; its value is then a list of an exclamation mark and the reason.
-- Where a node knows what they will change, `draft` stands in the place of the first name, then the count of the words of the draft, those,
-- and all ARGS of the batch without a draft as a list in JSON; the reply to a draft that was taken has no values.
if ARGS[4] == 'draft' then
  local last = 5 + tonumber(ARGS[5])
  local revision, others = applyDraft(6, last)
  if revision then return { {}, tostring(revision), {}, '', '', others and 1 or 0 } end
  ARGS = cjson.decode(ARGS[last + 1])
end

-- What the commands name is read at once.
local keys, kinds = { 'MGET' }, {}
local function want(kind, id)
  local key = keyOf(kind, id)
  if known[key] ~= nil then return end
  known[key] = false
  keys[#keys + 1] = key
  kinds[#keys] = kind
end
local at = 4
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
    if texts[i - 1] then known[keys[i]] = readRecord(kinds[i], texts[i - 1]) end
  end
end

local values = {}
at = 4
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
  rows[i] = kind .. (kind == 'q' and cjson.encode({ object.id, object.lastSeat or '' }) or textOf(object))
end
if #rows > 0 and READS then
  revision = redis.call('GET', ROOT .. 'revision') or '0'
elseif #rows > 0 then
  others = redis.call('ZCARD', ROOT .. 'nodes') > 1
  if UNSEEN or ENTERED and others then writeEntries(revision, others) end
  if others then
    redis.call('PUBLISH', ROOT .. 'changes', revision .. '\29' .. NODE .. '\29' .. table.concat(rows, '\30'))
  end
end
return { values, revision, rows, #effects > 0 and cjson.encode(effects) or '', dueAt and whole(dueAt) or '', others and 1 or 0 }
