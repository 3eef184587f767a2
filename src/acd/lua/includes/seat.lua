--- @include "effects"
-- A seat: its state, its marks (up, login, paused, engaged, what is left of a wrap-up or a rest) and its shift.

-- A seat that was away for longer begins a new shift: its calls, talk and idle time count from nought.
local SHIFT_ENDS = 3600000
local FOREVER = '-1'

local function loadSeat(id) return load('seat', id) end

local function saveSeat(seat, ...)
  put(seat, ...)
  touch('s', seat)
end

local function mayMove(seat, input) return arrow(SEAT, seat.state, input) ~= nil end

-- The one place that changes a seat's state.
local function moveSeat(seat, input)
  local from = seat.state
  local to = arrow(SEAT, from, input)
  if not to then error("no arrow '" .. input .. "' from seat state '" .. from .. "'") end
  if from == 'available' then
    local idle = tonumber(seat.idleTotal) + math.max(0, NOW - tonumber(seat.since))
    saveSeat(seat, 'state', to, 'since', NOW_TEXT, 'idleTotal', whole(idle))
  else
    saveSeat(seat, 'state', to, 'since', NOW_TEXT)
  end
end

local settled = { down = 'offline', engage = 'engaged', pause = 'break', wrap = 'wrap-up', rest = 'resting', free = 'available' }

-- The seat, made as an offline one when it is heard of for the first time.
local function seatOrNew(id)
  local seat = loadSeat(id)
  if seat then return seat end
  local now = NOW_TEXT
  seat = newRecord('seat', id)
  saveSeat(seat, 'state', 'offline', 'since', now, 'up', '0', 'login', '0', 'paused', '0', 'reason', '',
    'ticket', '', 'offer', '', 'rest', '', 'until', '0', 'idleSince', now, 'upSince', now, 'idleTotal', '0', 'calls', '0',
    'talkTime', '0', 'lastOffered', '0', 'engagedBy', '')
  redis.call('SADD', ROOT .. 'seats', id)
  return seat
end

local function isLeft(seat)
  return seat.rest ~= '' and (seat['until'] == FOREVER or tonumber(seat['until']) > NOW)
end

local function wantedOf(seat)
  if seat.up ~= '1' or seat.login ~= '1' then return 'down' end
  if seat.engagedBy ~= '' then return 'engage' end
  if seat.paused == '1' then return 'pause' end
  if isLeft(seat) then return seat.rest end
  return 'free'
end

-- Brings a seat that is neither offered nor talking to the state that its marks ask for.
local function settleSeat(seat)
  local input = wantedOf(seat)
  if seat.state ~= settled[input] then moveSeat(seat, input) end
  if (input == 'wrap' or input == 'rest') and seat['until'] ~= FOREVER then
    owe('seat:' .. seat.id, seat['until'])
  elseif seat.timed == '1' then
    oweNothing('seat:' .. seat.id)
  end
  local timed = (input == 'wrap' or input == 'rest') and '1' or '0'
  if (seat.timed == '1' and '1' or '0') ~= timed then saveSeat(seat, 'timed', timed) end
end

-- Frees the seat of an offer or a talk. `rest` ('wrap', 'rest' or '') says what it does for `delay` ms, -1 for until it is
-- done; a seat that is freed through no deed of its own keeps the time since when it is idle, and so its turn.
local function freeSeat(seatId, ticketId, rest, delay, keepsTurn)
  local seat = loadSeat(seatId)
  if not seat or seat.ticket ~= ticketId then return end
  local ends = '0'
  if delay > 0 then ends = whole(NOW + delay) elseif delay < 0 then ends = FOREVER end
  saveSeat(seat, 'ticket', '', 'offer', '', 'rest', delay ~= 0 and rest or '', 'until', ends,
    'idleSince', keepsTurn and seat.idleSince or NOW_TEXT)
  settleSeat(seat)
end

-- A miss counts until the seat answers; too many of one kind in a row, and it goes on a break by itself.
local function countMiss(seatId, cause, limit)
  local seat = loadSeat(seatId)
  if not seat or limit <= 0 then return end
  local field = 'missed:' .. cause
  local count = (tonumber(seat[field]) or 0) + 1
  if count >= limit then
    saveSeat(seat, field, '0', 'paused', '1', 'reason', cause)
  else
    saveSeat(seat, field, whole(count))
  end
end

local function forgetMisses(seat)
  for _, cause in ipairs({ 'no-answer', 'rejected', 'busy', 'unreachable' }) do
    local field = 'missed:' .. cause
    if (tonumber(seat[field]) or 0) > 0 then saveSeat(seat, field, '0') end
  end
end

-- Whether a mark of a seat has to wait for the end of its offer or talk.
local function settleUnlessTaken(seat)
  if seat.ticket == '' then settleSeat(seat) end
end
