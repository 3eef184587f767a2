--[[
  The person hangs up and is to be called back in his turn: the ticket keeps its place without a caller.

  Input:
    ARGV[1] ticketId

  Output:
    1  it waits for its turn, also when it did before
    -1 TICKET_GONE  there is no such ticket, or it has ended
    -6 WRONG_STATE  it talks

  Events:
    withdrawn when a seat was rung; callback
]]
--- @include "ticket"
local ticket = loadTicket(A.ticketId)
if not ticket or ticket.state == 'ended' then return CODE.TICKET_GONE end
if ticket.state == 'talking' then return CODE.WRONG_STATE end
if ticket.callback == '1' then return 1 end
backToWaiting(ticket, 'caller-left')
if ticket.state == 'held' then moveTicket(ticket, 'unhold') end
if ticket.state == 'dropped' then
  owesNothing('grace', ticket)
  moveTicket(ticket, 'resume')
end
saveTicket(ticket, 'callback', '1')
remember(ticket, 'callback')
tell(ticket.node, { t = 'callback', id = ticket.id })
return 1
