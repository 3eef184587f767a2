--[[
  A terminal that redials takes its ticket over, in its old place.

  Input:
    ARGV[1] terminal
    ARGV[2] resumeKey
    ARGV[3] callId     the new call

  Output:
    the id of the ticket, which waits again, or an empty string when there is none to take over

  Events:
    withdrawn when a seat was rung for the old call; replaced to the node of the old call when that was not known to
    be lost
]]
--- @include "ticket"
writeResumes()
local id = redis.call('HGET', RESUMES, A.terminal .. '|' .. A.resumeKey)
local ticket = id and loadTicket(id)
if not ticket then return '' end
if ticket.callId == A.callId and ticket.node == NODE and ticket.state ~= 'dropped' then
  -- A person who was to be called back, and cannot be: he waits on.
  if ticket.callback == '1' then saveTicket(ticket, 'callback', '0') end
  return ticket.id
end

backToWaiting(ticket, 'resumed')
if not may(ticket, 'resume') then return '' end
if ticket.state == 'dropped' then
  owesNothing('grace', ticket)
else
  tell(ticket.node, { t = 'replaced', id = ticket.id, call = ticket.callId })
end
handOver(ticket, NODE, A.callId)
if ticket.callback == '1' then saveTicket(ticket, 'callback', '0') end
moveTicket(ticket, 'resume')
remember(ticket, 'resumed')
return ticket.id
