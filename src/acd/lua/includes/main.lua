--- @include "effects"
-- Runs the commands of a batch one after another. ARGV: root, now, node, then for each command its name, the count of
-- its arguments, and those. One that fails leaves the others alone; its value is then a list of an exclamation mark and the reason.
local values = {}
local at = 4
while at <= #ARGV do
  local length = tonumber(ARGV[at + 1])
  local ok, value = pcall(VERB[ARGV[at]], at + 1)
  if not ok then
    -- What was read may not be what is in the store any more.
    known = {}
    value = { '!', tostring(value) }
  end
  values[#values + 1] = value
  at = at + 2 + length
end

-- Rows of what has changed, for every node; see src/acd/rows.ts.
local rows = {}
for i, one in ipairs(touched) do
  local fields = ROW[one[1]]
  local row = { one[1] }
  for j = 1, #fields do row[j + 1] = one[2][fields[j]] or '' end
  rows[i] = table.concat(row, '\31')
end
local revision = ''
if #rows > 0 and READS then
  revision = redis.call('GET', ROOT .. 'revision') or '0'
elseif #rows > 0 then
  revision = redis.call('INCR', ROOT .. 'revision')
  if ENTERED then redis.call('HSET', ROOT .. 'entered', NODE, revision) end
  if redis.call('ZCARD', ROOT .. 'nodes') > 1 then
    redis.call('PUBLISH', ROOT .. 'changes', revision .. '\29' .. NODE .. '\29' .. table.concat(rows, '\30'))
  end
end
return { values, revision, table.concat(rows, '\30'), #effects > 0 and cjson.encode(effects) or '', dueAt and whole(dueAt) or '' }
