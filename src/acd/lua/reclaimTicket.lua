--[[
  Brings a dropped ticket back into the line, whose call was not lost after all: others had given its node up.

  Input:
    ARGV[1] ticketId
    ARGV[2] callId   the call; a ticket that another call has taken over is left alone

  Output:
    1  the ticket waits
    0  it is not dropped, or not the ticket of this call any more

  Events:
    none
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket or ticket.state ~= 'dropped' or ticket.node ~= NODE or ticket.callId ~= A.callId then return 0 end
owesNothing('grace', ticket)
handOver(ticket, NODE, A.callId)
moveTicket(ticket, 'resume')
remember(ticket, 'reclaimed')
return 1
