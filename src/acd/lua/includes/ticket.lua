--- @include "effects"
--- @include "seat"
--- @include "queue"
-- A ticket: its state, its place in the line, and the offers under way for it.

local HISTORY_LENGTH = 64
local TRIED_MOST = 50

local function loadTicket(id) return load('ticket', id) end

local function saveTicket(ticket, ...)
  put(ticket, ...)
  touch('t', ticket)
end

local function count(ticket, counter, by) countIn(ticket.queue, counter, by or 1) end

-- Lines of histories, written at the end of the batch.
local lines

BEGIN[#BEGIN + 1] = function() lines = {} end

local function addLine(ticket, line)
  local list = lines[ticket.id]
  if not list then
    list = { 'RPUSH', keyOf('history', ticket.id) }
    lines[ticket.id] = list
  end
  list[#list + 1] = line
end

local function writeHistories()
  for _, list in pairs(lines) do
    if redis.call(unpack(list)) > HISTORY_LENGTH then redis.call('LTRIM', list[2], -HISTORY_LENGTH, -1) end
  end
end

-- Lines of the history are JSON; none of what they are made of needs escaping.
local function remember(ticket, what, seatId, detail)
  local line = '{"at":' .. NOW_TEXT .. ',"what":"' .. what .. '"'
  if seatId and seatId ~= '' then line = line .. ',"seatId":"' .. seatId .. '"' end
  if detail then line = line .. ',"detail":"' .. detail .. '"' end
  addLine(ticket, line .. '}')
end

local function owes(kind, ticket, at) owe(kind .. ':' .. ticket.id, at) end
local function owesNothing(kind, ticket) oweNothing(kind .. ':' .. ticket.id) end

-- A postponement that was cut short must not end a later hold.
local function forgetPostponement(ticket)
  if ticket['until'] == '' or ticket['until'] == '0' then return end
  owesNothing('unhold', ticket)
  saveTicket(ticket, 'until', '0')
end

-- The one place that changes a ticket's state.
local function moveTicket(ticket, input)
  local from = ticket.state
  local to = arrow(TICKET, from, input)
  if not to then error("no arrow '" .. input .. "' from ticket state '" .. from .. "'") end
  if from == 'held' then forgetPostponement(ticket) end
  saveTicket(ticket, 'state', to)
  if to == 'waiting' and from ~= to then enterUnseen(0) end
end

local function may(ticket, input)
  return ticket and arrow(TICKET, ticket.state, input) ~= nil
end

-- Offers under way, as `offerId,token,seatId,expiresAt,missDelay,missBreak,at` joined by semicolons.
local function offersOf(ticket)
  local list = {}
  for one in string.gmatch(ticket.offers or '', '[^;]+') do
    local id, token, seatId, expiresAt, missDelay, missBreak, at =
      string.match(one, '^([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*)$')
    list[#list + 1] = { id = id, token = token, seatId = seatId, expiresAt = expiresAt, missDelay = missDelay,
      missBreak = missBreak, at = at, text = one }
  end
  return list
end

local function saveOffers(ticket, list)
  local texts = {}
  for i, offer in ipairs(list) do texts[i] = offer.text end
  saveTicket(ticket, 'offers', table.concat(texts, ';'))
end

-- Takes one offer out of those of the ticket.
local function takeOffer(ticket, offerId)
  local found
  local left = {}
  for _, offer in ipairs(offersOf(ticket)) do
    if offer.id == offerId then found = offer else left[#left + 1] = offer end
  end
  if found then saveOffers(ticket, left) end
  return found, #left
end

local function offerView(ticket, offer)
  return {
    offerId = offer.id,
    token = offer.token,
    ticketId = ticket.id,
    callId = ticket.callId,
    seatId = offer.seatId,
    queue = ticket.queue,
    expiresAt = tonumber(offer.expiresAt),
  }
end

-- Causes for which the seat is not to blame: it keeps the time since when it is idle. One that misses an offer goes to
-- the end, so that an agent who is away is not rung for everybody.
local keepsTurn = {
  ['caller-left'] = true, ['caller-dropped'] = true, resumed = true, ['node-lost'] = true, elsewhere = true,
  ['pre-empted'] = true, overflowed = true,
}

local function addTried(ticket, seatId)
  local tried = ticket.tried or ''
  if string.find(',' .. tried .. ',', ',' .. seatId .. ',', 1, true) then return end
  local _, commas = string.gsub(tried, ',', '')
  if commas >= TRIED_MOST then return end
  saveTicket(ticket, 'tried', tried == '' and seatId or tried .. ',' .. seatId)
end

-- Frees the seat of an offer that was taken out of the ticket, and tells the owner.
local function endOffer(ticket, offer, cause, delay)
  oweNothing('offer:' .. ticket.id .. ':' .. offer.id)
  if not keepsTurn[cause] then
    addTried(ticket, offer.seatId)
    countMiss(offer.seatId, cause == 'expired' and 'no-answer' or cause, tonumber(offer.missBreak) or 0)
  end
  freeSeat(offer.seatId, ticket.id, 'rest', delay, keepsTurn[cause] or false)
  remember(ticket, 'withdrawn', offer.seatId, cause)
  local view = offerView(ticket, offer)
  tell(ticket.node, { t = 'withdrawn', offer = view, cause = cause })
  return view
end

-- Takes back every offer of the ticket, whose own state is left to the caller. Returns the first as JSON, or ''.
local function dissolveOffers(ticket, cause)
  local first = ''
  local list = offersOf(ticket)
  if #list > 0 then saveTicket(ticket, 'offers', '') end
  for i, offer in ipairs(list) do
    local view = endOffer(ticket, offer, cause, 0)
    if i == 1 then first = cjson.encode(view) end
  end
  return first
end

-- Brings an offered ticket back to waiting; others stay as they are.
local function backToWaiting(ticket, cause)
  if ticket.state ~= 'offered' then return '' end
  local first = dissolveOffers(ticket, cause)
  moveTicket(ticket, 'withdraw')
  return first
end

local function joinLine(ticket)
  sortedSet(keyOf('line', ticket.queue), ticket.id, ticket.enqueuedAt)
end

local function quitLine(ticket)
  sortedSet(keyOf('line', ticket.queue), ticket.id, nil)
  if ticket.limited == '1' then owesNothing('wait', ticket) end
end

-- Whether the line of a queue is as long as it may be; -1 for no limit.
local function isFull(queueId, limit)
  if limit < 0 then return false end
  local key = keyOf('line', queueId)
  flush(key)
  return redis.call('ZCARD', key) >= limit
end

-- Entries of `resumes` that go if they are still about one of these tickets: a terminal may have had several.
local forgotten
local RESUMES

BEGIN[#BEGIN + 1] = function() forgotten, RESUMES = {}, ROOT .. 'resumes' end

local function resumeField(ticket) return ticket.terminal .. '|' .. ticket.resumeKey end

local function rememberResume(ticket)
  local name = resumeField(ticket)
  forgotten[name] = nil
  hashField(RESUMES, name, ticket.id)
end

local function forgetResume(ticket)
  local name = resumeField(ticket)
  local lately = pending[RESUMES] and pending[RESUMES].members[name]
  if lately == ticket.id then
    hashField(RESUMES, name, nil)
  elseif lately == nil then
    forgotten[name] = forgotten[name] or {}
    forgotten[name][ticket.id] = true
  end
end

local function writeResumes()
  local words = { 'HMGET', RESUMES }
  for name in pairs(forgotten) do words[#words + 1] = name end
  if #words > 2 then
    local there = redis.call(unpack(words))
    for i = 3, #words do
      if there[i - 2] and forgotten[words[i]][there[i - 2]] then hashField(RESUMES, words[i], nil) end
    end
    forgotten = {}
  end
  flush(RESUMES)
end

-- Writes all that the batch has changed.
local function writeAll()
  writeResumes()
  local keys = {}
  for key in pairs(pending) do keys[#keys + 1] = key end
  for _, key in ipairs(keys) do flush(key) end
  writeCounters()
  writeHistories()
  local words = { 'MSET' }
  for record in pairs(changed) do
    local key = keyOf(getmetatable(record).kind, record.id)
    if record.state == 'ended' then
      redis.call('PEXPIRE', keyOf('history', record.id), HISTORY_KEPT)
      redis.call('SET', key, textOf(record), 'PX', ENDED_KEPT)
    else
      words[#words + 1] = key
      words[#words + 1] = textOf(record)
    end
  end
  if #words > 1 then redis.call(unpack(words)) end
end

-- A ticket that was dropped because its node died is an orphan of that node's name until somebody takes it, or it ends.
local function forgetOrphan(ticket)
  if ticket.nodeLost ~= '1' then return end
  plainSet(keyOf('orphans', string.match(ticket.node, '^(.*)~')), ticket.id, false)
  saveTicket(ticket, 'nodeLost', '0')
end

local counterOf = { abandoned = 'abandoned', overflowed = 'overflowed', ['called-back'] = 'calledBack' }

local function endTicket(ticket, input, how)
  local from = ticket.state
  moveTicket(ticket, input)
  if from ~= 'talking' then
    quitLine(ticket)
    if from == 'dropped' then owesNothing('grace', ticket) end
    count(ticket, counterOf[how])
    forgetResume(ticket)
  end
  forgetOrphan(ticket)
  plainSet(keyOf('node-tickets', ticket.node), ticket.id, false)
  saveTicket(ticket, 'how', how, 'endedAt', NOW_TEXT)
  remember(ticket, 'ended', ticket.seatId, how)
  tell(ticket.node, { t = 'ended', id = ticket.id, how = how })
end

-- Ends a talk: its seat wraps up.
local function endTalk(ticket, input, how)
  local seat = loadSeat(ticket.seatId)
  if seat and seat.ticket == ticket.id then
    local talked = math.max(0, NOW - tonumber(ticket.answeredAt))
    saveSeat(seat, 'calls', whole(tonumber(seat.calls) + 1), 'talkTime', whole(tonumber(seat.talkTime) + talked))
  end
  freeSeat(ticket.seatId, ticket.id, 'wrap', tonumber(ticket.wrapUp), false)
  endTicket(ticket, input, how)
end

-- `nodeLost`: it is the node that died, not the caller; adoption brings such a ticket back by itself.
local function dropTicket(ticket, nodeLost)
  moveTicket(ticket, 'drop')
  saveTicket(ticket, 'nodeLost', nodeLost and '1' or '0')
  owes('grace', ticket, NOW + tonumber(ticket.grace))
  remember(ticket, 'dropped', nil, nodeLost and 'node-lost' or nil)
end

-- Changes who owns a ticket: another node, or another call of the same terminal.
local function handOver(ticket, node, callId)
  plainSet(keyOf('node-tickets', ticket.node), ticket.id, false)
  plainSet(keyOf('node-tickets', node), ticket.id, true)
  forgetOrphan(ticket)
  saveTicket(ticket, 'node', node, 'callId', callId)
end

-- Who served a customer, for rings of regular agents: `last`, and `n:<seat>` for how often.
local function rememberRegular(ticket, seatId)
  if (ticket.customer or '') == '' or ticket.regular ~= '1' then return end
  local key = keyOf('regulars', ticket.customer)
  redis.call('HSET', key, 'last', seatId)
  redis.call('HINCRBY', key, 'n:' .. seatId, 1)
  redis.call('PEXPIRE', key, REGULARS_KEPT)
end

-- Writes into a new ticket who served its customer before, and who lost him a moment ago.
local function recallRegulars(ticket, regular, returnWithin)
  local flat = redis.call('HGETALL', keyOf('regulars', ticket.customer))
  local frequent, most, last, broke, brokeAt = '', 0, '', '', 0
  for i = 1, #flat, 2 do
    local field, value = flat[i], flat[i + 1]
    local seat = string.match(field, '^n:(.*)$')
    if seat and tonumber(value) > most then frequent, most = seat, tonumber(value) end
    if field == 'last' then last = value end
    if field == 'broke' then broke = value end
    if field == 'brokeAt' then brokeAt = tonumber(value) end
  end
  if regular then saveTicket(ticket, 'last', last, 'frequent', frequent) end
  if broke ~= '' and NOW - brokeAt <= returnWithin then
    saveTicket(ticket, 'returns', broke)
    redis.call('HDEL', keyOf('regulars', ticket.customer), 'broke', 'brokeAt')
  end
end
