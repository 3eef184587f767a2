--[[
  The phone of an offered seat rings.

  Input:
    ARGV[1] ticketId
    ARGV[2] seatId
    ARGV[3] offerId

  Output:
    1  ringing, also when it was before
    0  the offer is not alive any more

  Events:
    none
]]
--- @include "ticket"
local seat = loadSeat(A.seatId)
if not seat or seat.offer ~= A.offerId or seat.ticket ~= A.ticketId then return 0 end
if mayMove(seat, 'ring') then moveSeat(seat, 'ring') end
return 1
