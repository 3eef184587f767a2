--[[
  Takes the tickets of a dead node out of its hands: talks are ended as lost and their seats freed, those who wait are
  kept in their place for the grace period, for a redial or for the node that adopts them.

  Input:
    KEYS[1] nodes
    KEYS[2] nodeTickets  of the dead node
    KEYS[3] orphans      of the dead node's name: what a later adoption finds
    ARGV[1] root
    ARGV[2] now            ms
    ARGV[3] node           the node that runs this
    ARGV[4] dead           the node whose lease has ended
    ARGV[5] limit          the most tickets that are taken at a time
    ARGV[6] handlingGuess  ms, for the first talk of a queue

  Output:
    how many tickets are left to be released; 0 too for a node whose lease runs

  Events:
    withdrawn and ended to the dead node's channel, for the case that it lives after all; moved, wake, due
]]
--- @include "ticket"
local now = tonumber(A.now)
local lease = redis.call('ZSCORE', K.nodes, A.dead)
if lease and tonumber(lease) > now then return done(0) end

local ids = redis.call('SRANDMEMBER', K.nodeTickets, A.limit)
for _, id in ipairs(ids) do
  local ticket = loadTicket(id)
  if ticket and ticket.state == 'talking' then
    endTalk(ticket, 'lose', 'lost', now)
  elseif ticket then
    if ticket.state == 'offered' then
      dissolveOffer(ticket, 'node-lost', 0, now)
      moveTicket(ticket, 'withdraw')
    end
    if may(ticket, 'drop') then
      dropTicket(ticket, true, now)
      redis.call('SADD', K.orphans, id)
    end
  end
  redis.call('SREM', K.nodeTickets, id)
end
local left = redis.call('SCARD', K.nodeTickets)
if left == 0 then redis.call('ZREM', K.nodes, A.dead) end
return done(left)
