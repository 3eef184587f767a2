--- @include "queue"
-- What a queue learns about itself, for the estimate of a wait; docs/estimate.md tells what is made of it.

local function learnt(queue, field) return tonumber(queue[field]) or 0 end

-- Patience is learnt from everybody who leaves the line: how long they stood there, and how many of them gave up.
local function learnPatience(ticket, gaveUp)
  local queue = queueOf(ticket.queue)
  local waited = math.max(0, NOW - tonumber(ticket.enqueuedAt))
  saveQueue(queue,
    'patienceWait', string.format('%.3f', learnt(queue, 'patienceWait') * 0.99 + waited),
    'patienceLeft', string.format('%.6f', learnt(queue, 'patienceLeft') * 0.99 + (gaveUp and 1 or 0)))
end

-- The mean of talk and wrap-up of late: at first a plain mean that begins with a guess, later the newest tenth counts.
local function learnHandling(ticket)
  local queue = queueOf(ticket.queue)
  local handled = learnt(queue, 'handled') + 1
  local mean = tonumber(queue.handling) or HANDLING_GUESS
  local took = math.max(0, NOW - tonumber(ticket.answeredAt)) + math.max(0, tonumber(ticket.wrapUp))
  saveQueue(queue, 'handling', string.format('%.3f', mean + (took - mean) * math.max(0.1, 1 / (handled + 1))),
    'handled', whole(handled))
end
