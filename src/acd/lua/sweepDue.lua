--[[
  Ends what has fallen due: offers whose lease is over, graces, longest waits, postponements, wrap-ups and rests.

  Input:
    ARGV[1] limit  the most entries that are taken at a time

  Output:
    how many entries were taken

  Events:
    withdrawn, ended as for each change; due for the next entry that is still to come
]]
--- @include "ticket"
-- How soon the longest wait of somebody who is to be called back is looked at again, ms.
local CALLBACK_LOOK = 60000
local inLineStates = { waiting = true, offered = true, held = true, dropped = true }
local ends = {
  offer = function(id, offerId)
    local ticket = loadTicket(id)
    if not ticket or ticket.state ~= 'offered' then return end
    local offer, left = takeOffer(ticket, offerId)
    if not offer then return end
    endOffer(ticket, offer, 'expired', tonumber(offer.missDelay))
    if left == 0 then moveTicket(ticket, 'withdraw') end
  end,
  grace = function(id)
    local ticket = loadTicket(id)
    if ticket and ticket.state == 'dropped' then endTicket(ticket, 'leave', 'abandoned') end
  end,
  unhold = function(id)
    local ticket = loadTicket(id)
    if not ticket or ticket.state ~= 'held' or ticket['until'] == '0' or ticket['until'] == '' then return end
    moveTicket(ticket, 'unhold')
    remember(ticket, 'waiting')
  end,
  wait = function(id)
    local ticket = loadTicket(id)
    if not ticket then return end
    if ticket.callback == '1' and inLineStates[ticket.state] then
      -- Who is to be called back has a limit of his own: how often he is called. He may take that back.
      owes('wait', ticket, NOW + CALLBACK_LOOK)
    elseif ticket.state == 'waiting' or ticket.state == 'held' then
      endTicket(ticket, 'leave', 'overflowed')
    elseif ticket.state == 'offered' or ticket.state == 'dropped' then
      -- A seat that rings gets its chance, and a lost caller his grace; looked at again a little later.
      owes('wait', ticket, NOW + 1000)
    end
  end,
  seat = function(id)
    local seat = loadSeat(id)
    if not seat or (seat.state ~= 'wrap-up' and seat.state ~= 'resting') then return end
    -- Idle since the moment that was due, not since it was noticed.
    saveSeat(seat, 'idleSince', seat['until'])
    settleSeat(seat)
  end,
}

flush(DUE)
local entries = redis.call('ZRANGE', ROOT .. 'due', '-inf', NOW, 'BYSCORE', 'LIMIT', 0, A.limit)
for _, entry in ipairs(entries) do
  local kind, id, detail = string.match(entry, '^(%a+):([^:]*):?(.*)$')
  oweNothing(entry)
  ends[kind](id, detail)
end
flush(DUE)
local following = redis.call('ZRANGE', ROOT .. 'due', 0, 0, 'WITHSCORES')
if following[2] and (not dueAt or tonumber(following[2]) < dueAt) then dueAt = tonumber(following[2]) end
return #entries
