--[[
  The caller is gone for good. A talk ends as if it were completed.

  Input:
    KEYS[1] ticket
    ARGV[1] root
    ARGV[2] now            ms
    ARGV[3] node           the node that runs this
    ARGV[4] how            abandoned, overflowed or called-back
    ARGV[5] handlingGuess  ms, for the first talk of a queue

  Output:
    the live offer as JSON when a seat was rung for the ticket, else an empty string;
    a ticket that has ended stays as it is

  Events:
    withdrawn when a seat was rung; ended; moved; wake and due of the freed seat
]]
--- @include "ticket"
local now = tonumber(A.now)
local ticket = load(K.ticket)
if not may(ticket, 'leave') then return done('') end
if ticket.state == 'talking' then
  endTalk(ticket, 'leave', 'completed', now)
  return done('')
end
local offer = ''
if ticket.state == 'offered' then offer = dissolveOffer(ticket, 'caller-left', 0, now) end
endTicket(ticket, 'leave', A.how, now)
return done(offer)
