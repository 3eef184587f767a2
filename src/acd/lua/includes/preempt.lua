--- @include "ticket"
-- An alarm takes a seat from others.

-- When the earliest of those came who were brought in by other nodes since a revision; see `enter`.
local earliest

BEGIN[#BEGIN + 1] = function() earliest = {} end

local function earliestSince(seen)
  local known = earliest[seen]
  if known then return known end
  known = math.huge
  local entries = redis.call('ZRANGE', ROOT .. 'entered', '(' .. seen, '+inf', 'BYSCORE', 'LIMIT', 0, ENTRIES_READ)
  for _, entry in ipairs(entries) do
    local node, at = string.match(entry, '^%S+ (%S+) (%S+)$')
    -- What this node itself brings in it knows, unless it was unseen.
    if node ~= NODE then known = math.min(known, tonumber(at)) end
  end
  -- Whoever is so far behind cannot rank.
  if #entries == ENTRIES_READ then known = 0 end
  earliest[seen] = known
  return known
end

-- Whether tickets have come in that were not known yet when the match was made, and that may come before this one: brought by other
-- nodes, or unforeseen by this batch or one that was not answered yet. Of plain tickets none does that came later.
local function isStale(ticket, seen)
  local class = ticket.class
  local isAhead = (class == 'normal' or class == 'vip' or class == 'alarm') and tonumber(ticket.priority) >= 0
  local own = isAhead and tonumber(ticket.enqueuedAt) or math.huge
  return UNSEEN and UNSEEN < own or earliestSince(seen) < own
end

-- The talk waits again in its old place; it is not counted as answered any more.
local function breakTalk(ticket, seat)
  count(ticket, ticket.callback == '1' and 'calledBack' or 'answered', -1)
  count(ticket, 'preempted')
  moveTicket(ticket, 'preempt')
  joinLine(ticket)
  -- Who was thrown out of a talk is not sent away for having waited too long.
  saveTicket(ticket, 'limited', '0')
  rememberResume(ticket)
  remember(ticket, 'preempted', seat.id)
  saveTicket(ticket, 'broken', ticket.token, 'offerId', '', 'token', '', 'seatId', '', 'answeredAt', '')
  freeSeat(seat.id, ticket.id, '', 0, true)
  tell(ticket.node, { t = 'preempted', id = ticket.id, seat = seat.id })
end

-- Nothing is taken from anybody for a seat that could not be rung afterwards: its agent has asked for a break, or has another
-- call.
local function takeSeat(seat)
  local wanted = wantedOf(seat)
  if wanted == 'down' or wanted == 'engage' or wanted == 'pause' then return end
  local other = seat.ticket ~= '' and loadTicket(seat.ticket)
  if not other then
    -- What is left of a wrap-up or a rest is cut short.
    if seat.rest ~= '' then
      saveSeat(seat, 'rest', '', 'until', '0')
      settleSeat(seat)
    end
    return
  end
  if other.class == 'alarm' then return end
  if other.state == 'talking' then return breakTalk(other, seat) end
  local offer, left = takeOffer(other, seat.offer)
  if not offer then return end
  endOffer(other, offer, 'pre-empted', 0)
  if left == 0 then moveTicket(other, 'withdraw') end
end
