--[[
  The agent takes a break. A seat that is offered or talking is paused when that is over; one that is offline is paused
  when it comes up.

  Input:
    KEYS[1] seat
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this
    ARGV[4] seatId

  Output:
    the state of the seat

  Events:
    none
]]
--- @include "seat"
local seat = seatOrNew(K.seat, A.seatId, A.now)
if seat.paused == '0' then
  seat.paused = '1'
  saveSeat(seat, 'paused', '1')
  countStaff(seat)
  if seat.ticket == '' then settleSeat(seat, tonumber(A.now)) end
end
return done(seat.state)
