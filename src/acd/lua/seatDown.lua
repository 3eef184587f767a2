--[[
  A seat cannot be rung any more. One that is offered or talking goes offline when that is over.

  Input:
    KEYS[1] seat
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this

  Output:
    the state of the seat; `offline` too for one that was never up

  Events:
    none
]]
--- @include "seat"
local seat = load(K.seat)
if not seat then return done('offline') end
if seat.up == '1' then
  seat.up = '0'
  saveSeat(seat, 'up', '0')
  countStaff(seat)
  if seat.ticket == '' then settleSeat(seat, tonumber(A.now)) end
end
return done(seat.state)
