--[[
  Takes a leased number for its one use; the terminal that was cut off takes it once more.

  Input:
    KEYS[1] pools     pool -> range and times as JSON
    KEYS[2] due       sorted set: when states of numbers, and waits, end

    ARGV[1] root      what every key of the site begins with
    ARGV[2] now       ms
    ARGV[3] number
    ARGV[4] terminal  who dials
    ARGV[5] token     of this claim
    ARGV[6] hold      ms for which the claim holds when it is not renewed
    ARGV[7] grace     ms after a lost hold in which the terminal may dial again
    ARGV[8] takeOver  1: the terminal's own call that is still held may be taken over

  Output:
    list: 1 when the number was claimed before (else 0), the number's hash as a flat list
    -7   NUMBER_UNKNOWN  not leased, and not lately
    -8   NUMBER_FOREIGN  leased to another terminal
    -9   NUMBER_EXPIRED  not dialled in time
    -10  NUMBER_USED

  Events: none
]]
--- @include "number"
local now = tonumber(A.now)
local record = readNumber(A.number)
if not record.terminal then return CODE.NUMBER_UNKNOWN end
local own = record.terminal == A.terminal

if record.state == 'free' and not own then return CODE.NUMBER_UNKNOWN end
if record.state == 'free' or record.state == 'resting' then return CODE['NUMBER_' .. record.ended] end
if not own then return CODE.NUMBER_FOREIGN end

local input
if record.state == 'leased' then
  if record.until_ <= now then return CODE.NUMBER_EXPIRED end
  input = 'claim'
elseif record.state == 'redial' then
  if record.until_ <= now then return CODE.NUMBER_USED end
  input = 'claim'
else
  -- A claim that nobody renews is that of a dead server: its call is gone, and the sweep has not seen it yet.
  local lost = record.until_ <= now and now <= record.until_ + tonumber(A.grace)
  if not lost and A.takeOver ~= '1' then return CODE.NUMBER_USED end
  input = 'takeOver'
end

local again = record.state == 'leased' and 0 or 1
redis.call('HSET', keyOf('number', A.number), 'token', A.token)
redis.call('HDEL', keyOf('leases-of', record.terminal), A.number)
move(A.number, record, input, now + tonumber(A.hold), nil)
return { again, redis.call('HGETALL', keyOf('number', A.number)) }
