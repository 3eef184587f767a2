--[[
  Gives the tickets of a dead node to the node that runs this. Those that were dropped because the node died wait again.

  Input:
    KEYS[1] nodes
    KEYS[2] source   the tickets of the dead node, or its orphans
    ARGV[1] root
    ARGV[2] now      ms
    ARGV[3] node     the node that runs this
    ARGV[4] dead     the dead node's incarnation, or its name when its orphans are taken; its lease is taken away, so that it learns of it if it lives
    ARGV[5] limit    the most tickets that are taken at a time

  Output:
    how many tickets are left to be looked at; the ids of the adopted ones

  Events:
    wake when a seat is free for one of them
]]
--- @include "ticket"
local now = tonumber(A.now)
redis.call('ZREM', K.nodes, A.dead)
local adopted = {}
for _, id in ipairs(redis.call('SRANDMEMBER', K.source, A.limit)) do
  local ticket = loadTicket(id)
  redis.call('SREM', K.source, id)
  -- An orphan that a redial has taken away belongs to its new owner.
  if ticket and ticket.state ~= 'ended' and (ticket.node == A.dead or ticket.nodeLost == '1') then
    local lostByNode = ticket.state == 'dropped' and ticket.nodeLost == '1'
    handOver(ticket, A.node, ticket.callId)
    if lostByNode then
      owesNothing('grace', ticket)
      moveTicket(ticket, 'resume')
    end
    remember(ticket, 'adopted', now)
    adopted[#adopted + 1] = id
  end
end
return done({ redis.call('SCARD', K.source), adopted })
