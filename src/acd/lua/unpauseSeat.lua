--[[
  The agent is back from a break. What is left of a wrap-up or a rest still counts.

  Input:
    ARGV[1] seatId

  Output:
    the state of the seat

  Events:
    due for the end of a wrap-up or a rest
]]
--- @include "seat"
local seat = seatOrNew(A.seatId)
if seat.paused == '1' then
  saveSeat(seat, 'paused', '0', 'reason', '', 'idleSince', NOW_TEXT)
  settleUnlessTaken(seat)
end
return seat.state
