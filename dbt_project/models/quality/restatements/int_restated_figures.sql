with

{{ restated_figures() }}

select * from restated
