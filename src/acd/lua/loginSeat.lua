--[[
  The agent of a seat begins, or ends, to work there. A seat that is offered or talking goes on with that first.

  Input:
    ARGV[1] seatId
    ARGV[2] on      1 or 0

  Output:
    the state of the seat

  Events:
    due for the end of a wrap-up or a rest
]]
--- @include "seat"
local seat = seatOrNew(A.seatId)
if seat.login ~= A.on then
  saveSeat(seat, 'login', A.on)
  -- Whoever begins to work is not on a break.
  if A.on == '1' then saveSeat(seat, 'paused', '0', 'reason', '', 'idleSince', NOW_TEXT) end
  settleUnlessTaken(seat)
end
return seat.state
