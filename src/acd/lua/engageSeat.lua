--[[
  The seat has a call, or no longer has one, that is none of the queue's. One that is offered or talking counts as engaged
  when that is over.

  Input:
    ARGV[1] seatId
    ARGV[2] callId
    ARGV[3] on      1 or 0

  Output:
    the state of the seat

  Events:
    due for the end of a wrap-up or a rest
]]
--- @include "seat"
local seat = seatOrNew(A.seatId)
local others = {}
for one in string.gmatch(seat.engagedBy, '[^,]+') do if one ~= A.callId then others[#others + 1] = one end end
if A.on == '1' then others[#others + 1] = A.callId end
local by = table.concat(others, ',')
if by ~= seat.engagedBy then
  saveSeat(seat, 'engagedBy', by, 'idleSince', NOW_TEXT)
  settleUnlessTaken(seat)
end
return seat.state
