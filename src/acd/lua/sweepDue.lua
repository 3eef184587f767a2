--[[
  Ends what has fallen due: offers whose lease is over, graces, longest waits, wrap-ups and rests.

  Input:
    KEYS[1] due
    ARGV[1] root
    ARGV[2] now    ms
    ARGV[3] node   the node that runs this
    ARGV[4] limit  the most entries that are taken at a time

  Output:
    how many entries were taken

  Events:
    withdrawn, ended, moved, wake as for each change; due for the next entry that is still to come
]]
--- @include "ticket"
local now = tonumber(A.now)

local ends = {
  offer = function(id)
    local ticket = loadTicket(id)
    if not ticket or ticket.state ~= 'offered' then return end
    dissolveOffer(ticket, 'expired', tonumber(ticket.missDelay), now)
    moveTicket(ticket, 'withdraw')
  end,
  grace = function(id)
    local ticket = loadTicket(id)
    if ticket and ticket.state == 'dropped' then endTicket(ticket, 'leave', 'abandoned', now) end
  end,
  wait = function(id)
    local ticket = loadTicket(id)
    if not ticket then return end
    if ticket.state == 'waiting' or ticket.state == 'held' then
      endTicket(ticket, 'leave', 'overflowed', now)
    elseif ticket.state == 'offered' or ticket.state == 'dropped' then
      -- A seat that rings gets its chance, and a lost caller his grace; looked at again a little later.
      owes('wait', ticket, now + 1000)
    end
  end,
  seat = function(id)
    local seat = load(keyOf('seat', id))
    if not seat or (seat.state ~= 'wrapup' and seat.state ~= 'resting') then return end
    -- Idle since the moment that was due, not since it was noticed.
    seat.idleSince = seat['until']
    saveSeat(seat, 'idleSince', seat.idleSince)
    settleSeat(seat, now)
  end,
}

local entries = redis.call('ZRANGE', K.due, '-inf', now, 'BYSCORE', 'LIMIT', 0, A.limit)
for _, entry in ipairs(entries) do
  local kind, id = string.match(entry, '^(%a+):(.*)$')
  redis.call('ZREM', K.due, entry)
  ends[kind](id)
end
local following = redis.call('ZRANGE', K.due, 0, 0, 'WITHSCORES')
if following[2] then note({ t = 'due', at = tonumber(following[2]) }) end
return done(#entries)
