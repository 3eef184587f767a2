--- @include "keys"
--- @include "effects"
-- A seat: its state, and the sorted sets in which free seats stand by the time since when they are idle.

local function eachIdleSet(seat, visit)
  for queue in string.gmatch(seat.queues, '[^,]+') do
    visit(idleKey(queue, ''))
    for skill in string.gmatch(seat.skills, '[^,]+') do visit(idleKey(queue, skill)) end
  end
end

local function saveSeat(seat, ...)
  redis.call('HSET', keyOf('seat', seat.id), ...)
end

-- The one place that changes a seat's state.
local function moveSeat(seat, input, now)
  local from = seat.state
  local to = SEAT[from][input]
  if not to then error("no arrow '" .. input .. "' from seat state '" .. from .. "'") end
  if from == 'available' then
    eachIdleSet(seat, function(key) redis.call('ZREM', key, seat.id) end)
  end
  if to == 'available' then
    eachIdleSet(seat, function(key) redis.call('ZADD', key, seat.idleSince, seat.id) end)
    for queue in string.gmatch(seat.queues, '[^,]+') do
      if redis.call('EXISTS', keyOf('lanes', queue)) == 1 then note({ t = 'wake', q = queue }) end
    end
  end
  seat.state = to
  saveSeat(seat, 'state', to, 'since', now)
end

-- Seats that count as staff of their queues are those that are up and not paused, whatever they do at the moment.
local function countStaff(seat)
  local works = seat.up == '1' and seat.paused == '0'
  for queue in string.gmatch(seat.queues, '[^,]+') do
    local changed = redis.call(works and 'SADD' or 'SREM', keyOf('staff', queue), seat.id)
    if changed == 1 and redis.call('EXISTS', keyOf('line', queue)) == 1 then note({ t = 'moved', q = queue }) end
  end
end

local settled = { down = 'offline', pause = 'paused', wrap = 'wrapup', rest = 'resting', free = 'available' }

-- The seat, made as an offline one when it is heard of for the first time.
local function seatOrNew(key, id, now)
  local seat = load(key)
  if seat then return seat end
  seat = { id = id, state = 'offline', since = tostring(now), up = '0', paused = '0', queues = '', skills = '', ticket = '',
    rest = '', ['until'] = '0', idleSince = tostring(now) }
  local fields = {}
  for name, value in pairs(seat) do
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  saveSeat(seat, unpack(fields))
  redis.call('SADD', A.root .. 'seats', id)
  return seat
end

-- Brings a seat that is neither offered nor talking to the state that its marks ask for.
local function settleSeat(seat, now)
  local input = 'free'
  if seat.up ~= '1' then
    input = 'down'
  elseif seat.paused == '1' then
    input = 'pause'
  elseif seat.rest ~= '' and tonumber(seat['until']) > now then
    input = seat.rest
  end
  if seat.state ~= settled[input] then moveSeat(seat, input, now) end
  if input == 'wrap' or input == 'rest' then
    redis.call('ZADD', A.root .. 'due', seat['until'], 'seat:' .. seat.id)
    note({ t = 'due', at = tonumber(seat['until']) })
  else
    redis.call('ZREM', A.root .. 'due', 'seat:' .. seat.id)
  end
end

-- Frees the seat of an offer or a talk. `rest` ('wrap', 'rest' or '') says what it does for `delay` ms; a seat that is
-- freed through no deed of its own keeps the time since when it is idle, and so its turn.
local function freeSeat(seatId, ticketId, rest, delay, keepsTurn, now)
  local seat = load(keyOf('seat', seatId))
  if not seat or seat.ticket ~= ticketId then return end
  seat.ticket = ''
  seat.rest = delay > 0 and rest or ''
  seat['until'] = delay > 0 and string.format('%.0f', now + delay) or '0'
  if not keepsTurn then seat.idleSince = string.format('%.0f', now) end
  saveSeat(seat, 'ticket', '', 'rest', seat.rest, 'until', seat['until'], 'idleSince', seat.idleSince)
  settleSeat(seat, now)
end
