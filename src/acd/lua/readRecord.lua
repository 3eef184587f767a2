--[[
  Reads all that is kept of a ticket or a seat. Changes nothing.

  Input:
    ARGV[1] kind  ticket or seat
    ARGV[2] id

  Output:
    its fields as names and values in turns; empty when there is none

  Events:
    none
]]
--- @include "ticket"
local record = load(A.kind, A.id)
local flat = {}
if record then
  for name, index in pairs(RECORD[A.kind]) do
    flat[#flat + 1] = name
    flat[#flat + 1] = record[index]
  end
end
return flat
