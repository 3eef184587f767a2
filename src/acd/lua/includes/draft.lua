--- @include "ticket"
-- What a node has made out beforehand that a batch will change; see src/acd/draft. Its words: the revision and the node of the last change
-- that it was made after, the number that the ticket before was given ('' when none comes in), the earliest time of a ticket that
-- comes in and that of one that was not foreseen ('' for none), the rows joined by the character 30 ('' when it knows of no other node);
-- keys that must not be, and lines with what they must be shorter than, each list after the count of its words; then commands of
-- Redis, each after the count of its words; before all others those that are none of Redis, `FORGET name ticket`.

-- The node of a change that was a draft has a plus behind it: what stands on a draft that was refused never finds that.
-- Returns the revision and whether there are other nodes; nothing, and changes nothing, when the store is not as the node thought.
local function applyDraft(words)
  local there = redis.call('MGET', ROOT .. 'revision', ROOT .. 'by', ROOT .. 'sequence')
  if there[1] ~= words[1] or there[2] ~= words[2] then return end
  if words[3] ~= '' and (there[3] or '0') ~= words[3] then return end
  local others = hasOthers()
  local rows = words[6]
  if others and rows == '' then return end
  local i = 7
  local n = tonumber(words[i])
  if n > 0 and redis.call('EXISTS', unpack(words, i + 1, i + n)) > 0 then return end
  i = i + n + 1
  n = tonumber(words[i])
  for j = i + 1, i + n, 2 do
    if redis.call('ZCARD', words[j]) >= tonumber(words[j + 1]) then return end
  end
  i = i + n + 1
  -- First of all: a node whose draft broke off half way shows itself by a gap.
  local revision = redis.call('INCR', ROOT .. 'revision')
  local by = NODE .. '+'
  if words[2] ~= by then redis.call('SET', ROOT .. 'by', by) end
  -- These come first, and are looked up together.
  while words[i + 1] == 'FORGET' do
    forgotten[words[i + 2]] = forgotten[words[i + 2]] or {}
    forgotten[words[i + 2]][words[i + 3]] = true
    i = i + 4
  end
  writeResumes()
  while i <= #words do
    n = tonumber(words[i])
    local reply = redis.call(unpack(words, i + 1, i + n))
    if words[i + 1] == 'RPUSH' and reply > HISTORY_LENGTH then
      redis.call('LTRIM', words[i + 2], -HISTORY_LENGTH, -1)
    end
    i = i + n + 1
  end
  if words[4] ~= '' then ENTERED = tonumber(words[4]) end
  if words[5] ~= '' then UNSEEN = tonumber(words[5]) end
  if UNSEEN or ENTERED and others then writeEntries(revision, others) end
  if others then redis.call('PUBLISH', ROOT .. 'changes', revision .. '\29' .. by .. '\29' .. rows) end
  return revision, others
end
