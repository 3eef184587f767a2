--[[
  The agent is back from a break. What is left of a wrap-up or a rest still counts.

  Input:
    KEYS[1] seat
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this
    ARGV[4] seatId

  Output:
    the state of the seat

  Events:
    wake for queues in which somebody waits; due for the end of a wrap-up or a rest
]]
--- @include "seat"
local seat = seatOrNew(K.seat, A.seatId, A.now)
if seat.paused == '1' then
  seat.paused = '0'
  seat.idleSince = A.now
  saveSeat(seat, 'paused', '0', 'idleSince', A.now)
  countStaff(seat)
  if seat.ticket == '' then settleSeat(seat, tonumber(A.now)) end
end
return done(seat.state)
