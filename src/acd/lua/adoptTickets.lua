--[[
  Gives the tickets of a dead node to the node that runs this. Those that were dropped because the node died wait again.

  Input:
    ARGV[1] dead    the dead node's incarnation, or its name when its orphans are taken; its lease is taken away, so that
                    it learns of it if it lives
    ARGV[2] kind    node-tickets, or orphans
    ARGV[3] limit   the most tickets that are taken at a time

  Output:
    how many tickets are left to be looked at; the ids of the adopted ones

  Events:
    none
]]
--- @include "ticket"
redis.call('ZREM', ROOT .. 'nodes', A.dead)
local source = keyOf(A.kind, A.dead)
flush(source)
local adopted = {}
for _, id in ipairs(redis.call('SRANDMEMBER', source, A.limit)) do
  local ticket = loadReadable('ticket', id)
  plainSet(source, id, false)
  -- An orphan that a redial has taken away belongs to its new owner.
  if ticket and ticket.state ~= 'ended' and (ticket.node == A.dead or ticket.nodeLost == '1') then
    local lostByNode = ticket.state == 'dropped' and ticket.nodeLost == '1'
    handOver(ticket, NODE, ticket.callId)
    if lostByNode then
      owesNothing('grace', ticket)
      moveTicket(ticket, 'resume')
    end
    remember(ticket, 'adopted')
    adopted[#adopted + 1] = id
  end
end
flush(source)
return { redis.call('SCARD', source), adopted }
