--[[
  Reads tickets, seats and queues as rows, for a node that has to learn the floor anew. Changes nothing.

  Input:
    ARGV[1] kind  ticket, seat or queue
    ARGV[2] ids   joined by commas

  Output:
    how many were found; the rows are in the reply of the batch

  Events:
    none
]]
--- @include "ticket"
READS = true
local found = 0
for id in string.gmatch(A.ids, '[^,]+') do
  -- One that cannot be read does not hide the others.
  local ok, object = pcall(A.kind == 'queue' and loadQueue or load, A.kind == 'queue' and id or A.kind, id)
  if ok and object then
    touch(string.sub(A.kind, 1, 1), object)
    found = found + 1
  end
end
return found
