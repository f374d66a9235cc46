{#- How Postgres writes what the views need. A text with a NUL, which JSON may hold and Postgres may not, loses it. -#}
{% macro view(name) %}public_v1.{{ name }}{% endmacro %}
{% macro hex(octets) %}'0x' || encode({{ octets }}, 'hex'){% endmacro %}
{% macro time(unix_s) %}to_timestamp({{ unix_s }}){% endmacro %}
{% macro monday(week) %}date '1970-01-05' + CAST({{ week }} * 7 AS integer){% endmacro %}
{% macro base_units(row) -%}
({{ row }}.amount_e20 * 100000000000000000000::numeric + {{ row }}.amount_e10 * 10000000000::numeric + {{ row }}.amount_e0)
{%- endmacro %}
{% macro tokens(row, decimals) -%}
CASE WHEN {{ decimals }} <= 36 THEN {{ base_units(row) }} * ('1e-' || {{ decimals }})::numeric END
{%- endmacro %}
{% macro digits_of(text) %}CAST({{ text }} AS numeric){% endmacro %}
{% macro argument(row, name) %}(replace({{ row }}.arguments, '\u0000', '')::json ->> '{{ name }}'){% endmacro %}
{% macro number(row, name) %}CAST({{ argument(row, name) }} AS bigint){% endmacro %}
{% macro truth(row, name) %}CAST({{ argument(row, name) }} AS boolean){% endmacro %}
