--[[
  A terminal that redials takes its ticket over, in its old place.

  Input:
    KEYS[1] resumes     terminal and resume key -> ticket
    ARGV[1] root
    ARGV[2] now         ms
    ARGV[3] node        the node that runs this and owns the new call
    ARGV[4] terminal
    ARGV[5] resumeKey
    ARGV[6] callId      the new call

  Output:
    the id of the ticket, which waits again, or an empty string when there is none to take over

  Events:
    withdrawn when a seat was rung for the old call; replaced to the node of the old call when that was not known to
    be lost; wake
]]
--- @include "ticket"
local now = tonumber(A.now)
local id = redis.call('HGET', K.resumes, A.terminal .. '|' .. A.resumeKey)
local ticket = id and loadTicket(id)
if not ticket then return done('') end
if ticket.callId == A.callId and ticket.node == A.node and ticket.state ~= 'dropped' then return done(ticket.id) end

if ticket.state == 'offered' then
  dissolveOffer(ticket, 'resumed', 0, now)
  moveTicket(ticket, 'withdraw')
end
if not may(ticket, 'resume') then return done('') end
if ticket.state == 'dropped' then
  owesNothing('grace', ticket)
else
  tell(ticket.node, { t = 'replaced', id = ticket.id, call = ticket.callId })
end
handOver(ticket, A.node, A.callId)
moveTicket(ticket, 'resume')
remember(ticket, 'resumed', now)
return done(ticket.id)
