--[[
  Brings a dropped ticket back into the line, whose call was not lost after all: others had given its node up.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now     ms
    ARGV[3] node    the node that runs this and holds the call
    ARGV[4] callId  the call; a ticket that another call has taken over is left alone

  Output:
    1  the ticket waits
    0  it is not dropped, or not the ticket of this call any more

  Events:
    wake when a seat of the queue is free
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
if not ticket or ticket.state ~= 'dropped' or ticket.node ~= A.node or ticket.callId ~= A.callId then return done(0) end
owesNothing('grace', ticket)
handOver(ticket, A.node, A.callId)
moveTicket(ticket, 'resume')
remember(ticket, 'reclaimed', now)
return done(1)
