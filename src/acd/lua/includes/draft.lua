--- @include "ticket"
-- What a node has made out beforehand that a batch will change; see src/acd/draft. ARGS from `first`: the revision and the node of the last change
-- that it was made after, the number that the ticket before was given ('' when none comes in), the earliest time of a ticket that
-- comes in and that of one that was not foreseen ('' for none), the rows joined by the character 30 ('' when it knows of no other node);
-- keys that must not be, and lines with what they must be shorter than, each list after the count of its words; then commands of
-- Redis, each after the count of its words, up to `last`.

-- The node of a change that was a draft has a plus behind it: what stands on a draft that was refused never finds that.
-- Returns the revision and whether there are other nodes; nothing, and changes nothing, when the store is not as the node thought.
local function applyDraft(first, last)
  local there = redis.call('MGET', ROOT .. 'revision', ROOT .. 'by', ROOT .. 'sequence')
  if there[1] ~= ARGS[first] or there[2] ~= ARGS[first + 1] then return end
  if ARGS[first + 2] ~= '' and (there[3] or '0') ~= ARGS[first + 2] then return end
  local others = redis.call('ZCARD', ROOT .. 'nodes') > 1
  local rows = ARGS[first + 5]
  if others and rows == '' then return end
  local i = first + 6
  local n = tonumber(ARGS[i])
  if n > 0 and redis.call('EXISTS', unpack(ARGS, i + 1, i + n)) > 0 then return end
  i = i + n + 1
  n = tonumber(ARGS[i])
  for j = i + 1, i + n, 2 do
    if redis.call('ZCARD', ARGS[j]) >= tonumber(ARGS[j + 1]) then return end
  end
  i = i + n + 1
  -- First of all: a node whose draft broke off half way shows itself by a gap.
  local revision = redis.call('INCR', ROOT .. 'revision')
  local by = NODE .. '+'
  if ARGS[first + 1] ~= by then redis.call('SET', ROOT .. 'by', by) end
  while i <= last do
    n = tonumber(ARGS[i])
    local name = ARGS[i + 1]
    if name == 'FORGET' then
      forgotten[ARGS[i + 2]] = forgotten[ARGS[i + 2]] or {}
      forgotten[ARGS[i + 2]][ARGS[i + 3]] = true
      writeResumes()
    else
      local reply = redis.call(unpack(ARGS, i + 1, i + n))
      if name == 'RPUSH' and reply > HISTORY_LENGTH then redis.call('LTRIM', ARGS[i + 2], -HISTORY_LENGTH, -1) end
    end
    i = i + n + 1
  end
  if ARGS[first + 3] ~= '' then ENTERED = tonumber(ARGS[first + 3]) end
  if ARGS[first + 4] ~= '' then UNSEEN = tonumber(ARGS[first + 4]) end
  if UNSEEN or ENTERED and others then writeEntries(revision, others) end
  if others then redis.call('PUBLISH', ROOT .. 'changes', revision .. '\29' .. by .. '\29' .. rows) end
  return revision, others
end
