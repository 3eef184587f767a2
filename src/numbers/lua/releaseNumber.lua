--[[
  Ends the use of a number: for good, or with leave to dial it again until a given time.

  Input:
    KEYS[1] pools     pool -> range and times as JSON
    KEYS[2] due       sorted set: when states of numbers, and waits, end

    ARGV[1] root      what every key of the site begins with
    ARGV[2] now       ms
    ARGV[3] number
    ARGV[4] token     of the claim; empty: whatever its state, the number is taken back
    ARGV[5] redial    ms since the epoch until which the terminal may dial again; 0: it may not

  Output:
    1  done
    0  nothing to do: the number is not out, or was claimed again since

  Events: none
]]
--- @include "number"
local now, redial = tonumber(A.now), tonumber(A.redial)
local record = readNumber(A.number)
if record.state == 'free' or record.state == 'resting' then return 0 end
if A.token ~= '' and (record.state ~= 'used' or record.token ~= A.token) then return 0 end

if record.state == 'used' and redial > now then
  move(A.number, record, 'drop', redial, redial + tonumber(record.quarantine))
else
  rest(A.number, record, 'rest', now, record.state == 'leased' and 'EXPIRED' or 'USED')
end
return 1
