--[[
  A seat cannot be rung any more. One that is offered or talking goes offline when that is over.

  Input:
    ARGV[1] seatId

  Output:
    the state of the seat; `offline` too for one that was never up

  Events:
    none
]]
--- @include "seat"
local seat = loadSeat(A.seatId)
if not seat then return 'offline' end
if seat.up == '1' then
  saveSeat(seat, 'up', '0')
  settleUnlessTaken(seat)
end
return seat.state
