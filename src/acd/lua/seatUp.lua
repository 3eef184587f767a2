--[[
  A seat can be rung: it begins to work, unless it is on a break or its agent has not logged in. One that is offered or
  talking stays so.

  Input:
    ARGV[1] seatId
    ARGV[2] login  1 when coming up is enough to work, 0 when the agent has to log in

  Output:
    the state of the seat

  Events:
    due for the end of a wrap-up or a rest
]]
--- @include "seat"
local seat = seatOrNew(A.seatId)
if seat.up ~= '1' then
  -- Not while it is up: a phone that registers again does not bring back an agent who has logged out.
  if A.login == '1' and seat.login ~= '1' then saveSeat(seat, 'login', '1') end
  local away = NOW - tonumber(seat.since)
  if seat.calls == '0' and seat.idleTotal == '0' or away > SHIFT_ENDS then
    saveSeat(seat, 'calls', '0', 'talkTime', '0', 'idleTotal', '0', 'upSince', NOW_TEXT)
  elseif seat.state == 'offline' then
    -- A phone that was away for a moment goes on with its shift, which was not worked meanwhile.
    saveSeat(seat, 'upSince', whole(tonumber(seat.upSince) + away))
  end
  saveSeat(seat, 'up', '1', 'idleSince', NOW_TEXT)
end
settleUnlessTaken(seat)
return seat.state
