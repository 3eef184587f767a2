--[[
  The agent ends the wrap-up, or asks for more time.

  Input:
    ARGV[1] seatId
    ARGV[2] more    ms that are added; 0 ends the wrap-up

  Output:
    the state of the seat
    -5 SEAT_UNKNOWN
    -6 WRONG_STATE  the seat does not wrap up

  Events:
    due for the new end
]]
--- @include "seat"
local seat = loadSeat(A.seatId)
if not seat then return CODE.SEAT_UNKNOWN end
if seat.state ~= 'wrap-up' then return CODE.WRONG_STATE end
if A.more == '0' then
  saveSeat(seat, 'rest', '', 'until', '0', 'idleSince', NOW_TEXT)
elseif seat['until'] ~= FOREVER then
  saveSeat(seat, 'until', whole(tonumber(seat['until']) + tonumber(A.more)))
end
settleSeat(seat)
return seat.state
