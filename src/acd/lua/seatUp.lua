--[[
  A seat can be rung: it begins to work for its queues, unless it is paused. Called again it brings the seat's queues
  and skills up to date; a seat that is offered or talking stays so.

  Input:
    KEYS[1] seat
    ARGV[1] root
    ARGV[2] now     ms
    ARGV[3] node    the node that runs this
    ARGV[4] seatId
    ARGV[5] queues  joined by commas
    ARGV[6] skills  joined by commas

  Output:
    the state of the seat

  Events:
    wake for queues in which somebody waits
]]
--- @include "seat"
local now = tonumber(A.now)
local seat = seatOrNew(K.seat, A.seatId, A.now)
local changed = seat.queues ~= A.queues or seat.skills ~= A.skills
if seat.up == '1' and not changed then return done(seat.state) end

-- Taken out of the sets of its old queues and skills before it is put into those of the new ones.
local up = seat.up
if changed and up == '1' then
  seat.up = '0'
  countStaff(seat)
  if seat.state == 'available' then moveSeat(seat, 'down', now) end
end
if up ~= '1' then seat.idleSince = A.now end
seat.up, seat.queues, seat.skills = '1', A.queues, A.skills
saveSeat(seat, 'up', '1', 'queues', A.queues, 'skills', A.skills, 'idleSince', seat.idleSince)
countStaff(seat)
if seat.ticket == '' then settleSeat(seat, now) end
return done(seat.state)
