--[[
  Takes the tickets of a dead node out of its hands: talks are ended as lost and their seats freed; those who are to be called
  back go to the node that runs this; the others who wait are kept in their place for the grace period, for a redial or for
  the node that adopts them.

  Input:
    ARGV[1] dead    the node whose lease has ended
    ARGV[2] name    the name of that node, for a later adoption
    ARGV[3] limit   the most tickets that are taken at a time

  Output:
    how many tickets are left to be released; 0 too for a node whose lease runs

  Events:
    withdrawn and ended to the dead node's channel, for the case that it lives after all; adopted; due
]]
--- @include "ticket"
local lease = redis.call('ZSCORE', ROOT .. 'nodes', A.dead)
if lease and tonumber(lease) > NOW then return 0 end

local tickets = keyOf('node-tickets', A.dead)
flush(tickets)
for _, id in ipairs(redis.call('SRANDMEMBER', tickets, A.limit)) do
  local ticket = loadReadable('ticket', id)
  if ticket and ticket.state == 'talking' then
    endTalk(ticket, 'lose', 'lost')
  elseif ticket then
    backToWaiting(ticket, 'node-lost')
    if ticket.callback == '1' then
      handOver(ticket, NODE, ticket.callId)
      note({ t = 'adopted', id = id })
    elseif may(ticket, 'drop') then
      dropTicket(ticket, true)
      plainSet(keyOf('orphans', A.name), id, true)
    end
  end
  plainSet(tickets, id, false)
end
flush(tickets)
local left = redis.call('SCARD', tickets)
if left == 0 then
  redis.call('ZREM', ROOT .. 'nodes', A.dead)
end
return left
